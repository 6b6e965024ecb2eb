using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.WriteBack;

/// <summary>A file that is being sent to its temporary name while it is being written.</summary>
/// <param name="Directory">The directory of the temporary file: its path is held still meanwhile.</param>
/// <param name="Content">What of the file the server gets.</param>
/// <param name="Cancellation">Breaks it off.</param>
internal sealed record StreamedUpload(Node Directory, TemporaryContent Content, CancellationTokenSource Cancellation)
{
    /// <summary>Completes when it is over, however it ended. Never fails.</summary>
    public Task Running { get; set; } = Task.CompletedTask;
}
