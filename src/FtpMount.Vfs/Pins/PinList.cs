using System.Text.Json;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Pins;

/// <summary>The files and directories whose content is kept on the local disk whatever else goes, also from one mount to the next. Thread-safe.</summary>
internal sealed class PinList
{
    private const string FileName = "pins.json";

    private readonly string _path;
    private readonly Lock _gate = new();
    private volatile RemotePath[] _pins;

    public PinList(string stateDirectory, ILogger logger)
    {
        _path = Path.Combine(stateDirectory, FileName);
        _pins = Load(logger);
    }

    /// <summary>What is pinned.</summary>
    public IReadOnlyList<RemotePath> Pins => _pins;

    /// <summary>Whether a path is pinned, or lies below what is.</summary>
    public bool Contains(RemotePath path)
    {
        foreach (var pin in _pins)
        {
            if (path.IsAtOrBelow(pin))
                return true;
        }

        return false;
    }

    /// <summary>Pins a path; what was pinned below it is pinned with it from now on.</summary>
    /// <exception cref="IOException">The list cannot be written; nothing has changed.</exception>
    public void Add(RemotePath path)
    {
        lock (_gate)
        {
            if (!Contains(path))
                Save([.. _pins.Where(p => !p.IsAtOrBelow(path)), path]);
        }
    }

    /// <summary>Lets go of what was pinned by exactly this path, or below it.</summary>
    /// <returns>Whether there was any.</returns>
    /// <exception cref="IOException">The list cannot be written; nothing has changed.</exception>
    public bool Remove(RemotePath path)
    {
        lock (_gate)
        {
            RemotePath[] left = [.. _pins.Where(p => !p.IsAtOrBelow(path))];
            if (left.Length == _pins.Length)
                return false;
            Save(left);
            return true;
        }
    }

    private void Save(RemotePath[] pins)
    {
        // Base64: names are bytes, and JSON holds text.
        byte[][] names = [.. pins.Select(p => NameCodec.Utf8.Encode(p.Value))];
        LocalDisk.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(names, PinJson.Default.ByteArrayArray));
        _pins = pins;
    }

    private RemotePath[] Load(ILogger logger)
    {
        try
        {
            return [.. (JsonSerializer.Deserialize(File.ReadAllBytes(_path), PinJson.Default.ByteArrayArray) ?? []).Select(n => RemotePath.Parse(NameCodec.Utf8.Decode(n)))];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ArgumentException or FormatException)
        {
            logger.LogWarning("The list of what is pinned, {Path}, cannot be read: {Reason}", _path, e.Message);
            return [];
        }
    }
}
