using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Session;

/// <summary>A handle of the server: an open file or directory on one connection; it is worthless on any other.</summary>
/// <param name="Connection">Where it was opened.</param>
/// <param name="Bytes">Its name.</param>
internal sealed record SftpFileHandle(SftpConnection Connection, byte[] Bytes)
{
    /// <summary>Closes it without waiting: nothing is written through it, so the reply says nothing of use.</summary>
    public void Close()
    {
        Connection.CountHandle(-1);
        if (!Connection.IsAlive)
            return;
        // Disposed before it is answered: the reply is dropped when it comes. Queued behind content, so that it does not overtake a request that uses it.
        using var request = Connection.Rent(SftpPacketType.Close);
        request.Write(Bytes);
        Connection.SubmitAndForget(request, SftpPriority.Bulk);
    }
}
