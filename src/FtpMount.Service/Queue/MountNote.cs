using System.Text.Json;

namespace FtpMount.Service.Queue;

/// <summary>Whose state folder it is, written into it by each mount, so that what is unsent there can be shown when no process serves the mount.</summary>
/// <param name="MountPoint">Where it was mounted.</param>
/// <param name="Url">What was mounted, without secrets.</param>
/// <param name="Root">The folder on the server.</param>
public sealed record MountNote(string MountPoint, string Url, string Root)
{
    private const string FileName = "mount.json";

    /// <summary>Writes it.</summary>
    /// <exception cref="IOException">The disk failed or is full.</exception>
    internal static void Write(string stateDirectory, MountNote note)
    {
        var path = Path.Combine(stateDirectory, FileName);
        if (Read(stateDirectory) == note)
            return;
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(note, MountNoteJson.Default.MountNote));
    }

    /// <summary>Reads it; null when there is none, or it cannot be read.</summary>
    internal static MountNote? Read(string stateDirectory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(stateDirectory, FileName)), MountNoteJson.Default.MountNote);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}
