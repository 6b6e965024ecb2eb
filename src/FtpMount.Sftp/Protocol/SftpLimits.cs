namespace FtpMount.Sftp.Protocol;

/// <summary>How large requests may be: what limits@openssh.com says, else what every server must take (draft-ietf-secsh-filexfer-02 section 3).</summary>
/// <param name="ReadLength">The most bytes that one READ brings.</param>
/// <param name="WriteLength">The most bytes that one WRITE carries.</param>
/// <param name="OpenHandles">The most handles open at once; 0 when the server does not tell.</param>
internal readonly record struct SftpLimits(int ReadLength, int WriteLength, long OpenHandles)
{
    /// <summary>The largest packet that is accepted from a server, without its length field: OpenSSH sends no larger one (SFTP_MAX_MSG_LENGTH).</summary>
    public const int LargestPacket = (256 * 1024) + 1024;

    /// <summary>32 KiB of content: 34,000 bytes a packet is the least that a server must take.</summary>
    public static SftpLimits Default { get; } = new(32 * 1024, 32 * 1024, 0);

    /// <summary>
    /// From the fields of the reply (OpenSSH PROTOCOL section 4.8). A server's own figure of 0 means no limit of its own.
    /// </summary>
    public static SftpLimits From(ulong packetLength, ulong readLength, ulong writeLength, ulong openHandles)
    {
        const int Overhead = 1024;
        const int Largest = LargestPacket - (2 * Overhead);
        var packet = packetLength is 0 or > LargestPacket ? LargestPacket : (int)packetLength;
        return new SftpLimits(Bound(readLength, packet), Bound(writeLength, packet), (long)Math.Min(openHandles, long.MaxValue));

        static int Bound(ulong told, int packet)
        {
            var most = Math.Min(Largest, Math.Max(packet - Overhead, Default.ReadLength));
            return told is 0 ? most : (int)Math.Min(told, (ulong)most);
        }
    }
}
