using System.Text.Json.Serialization;
using FtpMount.Vfs;

namespace FtpMount.Service.Control;

/// <summary>A file that is not on the server yet.</summary>
/// <param name="Path">Its path on the server.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="BytesSent">How much was sent.</param>
/// <param name="Error">Why the last attempt failed; null when none did.</param>
public sealed record UploadStatus(string Path, long Bytes, long BytesSent, string? Error)
{
    /// <summary>Its number: the same from one mount to the next, and never given to another file.</summary>
    public long Id { get; init; }

    /// <summary>What becomes of it.</summary>
    [JsonConverter(typeof(UploadStateJsonConverter))]
    public PendingUploadState State { get; init; }

    /// <summary>Attempts that failed in a row.</summary>
    public int Attempts { get; init; }

    /// <summary>As the control protocol and the status document tell it.</summary>
    internal static UploadStatus Of(PendingUpload upload) => new(upload.Path.Value, upload.Bytes, upload.BytesSent, upload.LastError)
    {
        Id = upload.Id,
        State = upload.State,
        Attempts = upload.Attempts,
    };
}
