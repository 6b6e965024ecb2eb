using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.WriteBack;

/// <summary>Keeps count of what an upload has sent; called by the transfer itself.</summary>
internal sealed class UploadProgress(FileState file, Action changed) : IProgress<long>
{
    public void Report(long value)
    {
        file.BytesSent = value;
        changed();
    }
}
