using FtpMount.Remote;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp.Protocol;

/// <summary>The answer SSH_FXP_STATUS (draft-ietf-secsh-filexfer-02 section 7).</summary>
/// <param name="Code">What it is.</param>
/// <param name="Message">The server's words, without control characters; may be empty.</param>
internal readonly record struct SftpStatus(SftpStatusCode Code, string Message)
{
    /// <summary>Whether it is the good one.</summary>
    public bool IsOk => Code == SftpStatusCode.Ok;

    /// <summary>Reads the status of a request that is done.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ProtocolViolation"/>: the reply is not a status.</exception>
    public static SftpStatus Of(SftpRequest request)
    {
        if (request.ReplyType != SftpPacketType.Status)
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server answered {request.Type} with {request.ReplyType}.");
        var reader = new SftpPacketReader(request.Body);
        var code = (SftpStatusCode)reader.ReadUInt32();
        // Some old servers leave the text out.
        return code == SftpStatusCode.Ok || reader.IsAtEnd ? new SftpStatus(code, "") : new SftpStatus(code, SftpSite.Printable(reader.ReadString()));
    }

    /// <summary>Whether the request got what it asked for: a reply of this type. Any other reply but a status is a violation of the protocol.</summary>
    public static bool IsAnswered(SftpRequest request, SftpPacketType wanted, out SftpStatus status)
    {
        if (request.ReplyType == wanted)
        {
            status = default;
            return true;
        }

        status = Of(request);
        if (status.IsOk)
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server answered {request.Type} with a mere OK.");
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Message.Length > 0 ? $"{(int)Code} {Message}" : $"{(int)Code}";
}
