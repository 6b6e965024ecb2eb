using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.WriteBack;

/// <summary>Keeps count of what an upload has sent; called by the transfer itself.</summary>
/// <param name="file">Of which file.</param>
/// <param name="before">Bytes that the server had when this transfer began.</param>
/// <param name="content">What is being sent, where it can be continued; else null.</param>
/// <param name="changed">Called with every change.</param>
internal sealed class UploadProgress(FileState file, long before, TemporaryContent? content, Action<FileState> changed) : IProgress<long>
{
    public void Report(long value)
    {
        file.BytesSent = before + value;
        if (content is not null)
            content.Reported = before + value;
        changed(file);
    }
}
