using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Session;

/// <summary>
/// What was learned of a server at earlier mounts: one small JSON file for each host, port and user, in the cache folder, readable by its owner only. It is
/// replaced in one step, so that two mounts of one server may write it. A file that is missing, too old, damaged, or about something else is as good as none;
/// whether it still fits the server is found out at the login (<c>FtpConnection.Recall.cs</c>). No secret is in it.
/// </summary>
internal sealed class FtpSiteMemory
{
    /// <summary>Larger files are not this program's.</summary>
    private const int LargestFile = 256 * 1024;

    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerFile | UnixFileMode.UserExecute;

    private readonly string _directory;
    private readonly string _key;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="directory">The folder of these files; made when it is missing.</param>
    /// <param name="options">The server.</param>
    /// <param name="time">Tells a file's age.</param>
    /// <param name="logger">Told why a file is not used or not written.</param>
    public FtpSiteMemory(string directory, FtpOptions options, TimeProvider time, ILogger logger)
    {
        _directory = directory;
        _key = KeyOf(options);
        _lifetime = options.MemoryLifetime;
        _time = time;
        _logger = logger;
        Path = System.IO.Path.Combine(directory, FileNameOf(options.Host, _key));
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What one file is about. The charset, the way of making data connections and TLS decide what some facts mean.</summary>
    public static string KeyOf(FtpOptions options) =>
        FormattableString.Invariant($"{options.User}@{options.Host}:{options.Port} {options.Encoding?.WebName ?? "utf-8"} {options.DataMode} {options.Tls.Mode}");

    /// <summary>Reads the file.</summary>
    /// <returns>Null when there is none that can be believed.</returns>
    public FtpSiteRecord? Load()
    {
        try
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > LargestFile)
                return null;
            var record = JsonSerializer.Deserialize(file, FtpSiteRecordJson.Default.FtpSiteRecord);
            if (record is not { IsValid: true } || record.Site != _key)
                return null;
            var age = _time.GetUtcNow() - record.Learned;
            return age >= TimeSpan.Zero && age < _lifetime ? record : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            _logger.LogDebug("What is remembered of the server is not used: {Reason}", e.Message);
            return null;
        }
    }

    /// <summary>Writes the file. A failure costs some round trips at the next mount and nothing else, so it is only logged.</summary>
    public void Save(FtpSiteRecord record)
    {
        var temporary = $"{Path}.{Guid.NewGuid():N}.new";
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(_directory);
            else
                Directory.CreateDirectory(_directory, OwnerDirectory);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerFile;
            using (var file = new FileStream(temporary, options))
                JsonSerializer.Serialize(file, record with { Site = _key }, FtpSiteRecordJson.Default.FtpSiteRecord);
            File.Move(temporary, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug("What was learned of the server cannot be remembered: {Reason}", e.Message);
            TryDelete(temporary);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It lies in a cache folder.
        }
    }

    /// <summary>The host, so that a person finds the file, and a digest of all that it is about.</summary>
    private static string FileNameOf(string host, string key)
    {
        const int LongestHost = 64;
        var readable = new string([.. host.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_').Take(LongestHost)]);
        return $"{readable}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 8))}.json";
    }
}
