using System.Text;
using FtpMount.Remote;
using FtpMount.Sftp.Diagnostics;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Transport;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Session;

/// <summary>One server as all its connections know it: how to use it, and what was learned of it.</summary>
internal sealed class SftpSite(SftpOptions options, ISftpConnector connector, TimeProvider time, ILogger logger)
{
    /// <summary>NAME_MAX of every file system that matters: a longer name would be refused with an error that says nothing.</summary>
    private const int LongestName = 255;

    /// <summary>PATH_MAX of the server is 4096 on Linux; what is longer by far does not fit into a request.</summary>
    private const int LongestPath = 8192;

    public SftpOptions Options => options;

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    public NameCodec Codec { get; } = options.Encoding is null ? NameCodec.Utf8 : new NameCodec(options.Encoding);

    public SftpTraffic Traffic { get; } = new(options.Transcript is { } writer ? new SftpTranscript(writer, time) : null);

    /// <summary>What the server offers.</summary>
    public SftpExtensions Extensions { get; private set; }

    /// <summary>How large requests may be.</summary>
    public SftpLimits Limits { get; private set; } = SftpLimits.Default;

    /// <summary>What carries the bytes, and what is known of the server.</summary>
    public string? Description { get; private set; }

    /// <summary>Whether an extension is offered and has not been refused.</summary>
    public bool Has(SftpExtensions extension) => (Extensions & extension) == extension;

    /// <summary>The server has announced an extension and does not know it.</summary>
    public void Lacks(SftpExtensions extension) => Extensions &= ~extension;

    /// <summary>
    /// The bytes of a path as the server knows it.
    /// </summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.NameTooLong"/>; <see cref="RemoteError.InvalidName"/>: the charset cannot write it.</exception>
    public byte[] Encode(RemotePath path)
    {
        var bytes = Codec.Encode(path.Value);
        var start = 0;
        for (var i = 0; i <= bytes.Length; i++)
        {
            if (i < bytes.Length && bytes[i] != (byte)'/')
                continue;
            if (i - start > LongestName)
                throw new RemoteException(RemoteError.NameTooLong, $"A name in {SftpErrorMapping.Quote(path)} is longer than {LongestName} bytes.") { Path = path };
            start = i + 1;
        }

        return bytes.Length <= LongestPath
            ? bytes
            : throw new RemoteException(RemoteError.NameTooLong, $"The path {SftpErrorMapping.Quote(path)} is longer than {LongestPath} bytes.") { Path = path };
    }

    /// <summary>One more connection: logged in, version agreed. Kept from taking longer than the time-out by the caller's token.</summary>
    public async ValueTask<SftpConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var transport = await connector.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var connection = await SftpConnection.OpenAsync(transport, time, options.Timeout, logger, Traffic, cancellationToken).ConfigureAwait(false);
        Extensions = connection.Extensions;
        connection.Limits = Limits;
        Description = connection.Description;
        return connection;
    }

    /// <summary>A request, to be sent on the first connection, for how large requests may be; null when the server does not tell.</summary>
    public SftpRequest? AskLimits(SftpConnection connection) => Has(SftpExtensions.Limits) ? connection.Rent(SftpExtensionNames.Limits) : null;

    /// <summary>Takes the reply to <see cref="AskLimits"/>.</summary>
    public void TakeLimits(SftpRequest request)
    {
        if (request.ReplyType != SftpPacketType.ExtendedReply)
            return;
        var reply = new SftpPacketReader(request.Body);
        Limits = request.Connection.Limits = SftpLimits.From(reply.ReadUInt64(), reply.ReadUInt64(), reply.ReadUInt64(), reply.ReadUInt64());
    }

    /// <summary>The server's text for a person: without control characters.</summary>
    public static string Printable(ReadOnlySpan<byte> text) =>
        string.Concat(Encoding.UTF8.GetString(text).Select(c => char.IsControl(c) ? '?' : c));
}
