using System.Runtime.CompilerServices;
using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <content>
/// Many commands of one kind, as a stream of packets. Where the site bears it two packets are under way at any time, so that the server is never idle for a round
/// trip and yet neither side's socket buffers fill up (a server that cannot send its replies reads no commands, and both would wait for each other).
/// <para>
/// ProFTPD 1.3.8 reads 4096 bytes at a time, and its reply to a command that begins at the eighth byte of the second read has lost its code. So elsewhere one
/// packet of no more than that is under way.
/// </para>
/// </content>
internal sealed partial class FtpConnection
{
    /// <summary>Commands in one packet. Twice as many in one burst were borne by vsftpd, ProFTPD, Pure-FTPd and pyftpdlib.</summary>
    private const int PacketCommands = 250;

    /// <summary>Bytes in a packet where the site bears long bursts. Refusals may repeat the paths, so this bounds the replies, too.</summary>
    private const int LongPacketBytes = 16 * 1024;

    /// <summary>Bytes in a packet elsewhere: what ProFTPD reads at once, less a data command that may be on its way before it.</summary>
    private const int ShortPacketBytes = 4096 - 16;

    /// <summary>
    /// Sends commands, many in one packet, and gives their final replies in order as they come. For sites that bear several commands in one packet only. Leaving
    /// early reads and drops the replies that are owed; when they do not come the session ends.
    /// </summary>
    /// <exception cref="RemoteException">The connection was lost, also when the server closed it with 421. <see cref="RemoteError.InvalidName"/>: a path would be taken for something else.</exception>
    public async IAsyncEnumerable<FtpReply> ExchangeManyAsync(
        FtpCommand[] commands, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var command in commands)
        {
            if (await IsMangledAsync(command, cancellationToken))
                throw Site.NameRefusal(command.Path!.Value);
        }

        var pipelining = Site.Pipelining;
        var isLong = Site.BearsLongBursts;
        var sent = 0;
        var received = 0;
        var packet = 0;
        try
        {
            while (received < commands.Length)
            {
                // A long burst goes on when all but the last packet are answered, a short one when all are.
                while (sent < commands.Length && sent - received <= (isLong ? packet : 0))
                {
                    packet = CountForPacket(commands.AsSpan(sent), isLong ? LongPacketBytes : ShortPacketBytes);
                    await SendAsync(commands.AsMemory(sent, packet), cancellationToken);
                    sent += packet;
                }

                FtpReply reply;
                try
                {
                    reply = await ReadFinalAsync(cancellationToken);
                }
                catch (RemoteException e) when (received > 0)
                {
                    if (isLong && e.Error == RemoteError.ProtocolViolation)
                        Site.NoteGarbledBurst();
                    Site.NoteBrokenBurst(e.Error, pipelining);
                    throw;
                }

                received++;
                yield return reply;
            }

            if (commands.Length > 1)
                Site.NoteWholeBurst();
        }
        finally
        {
            await DropRepliesAsync(sent - received);
        }
    }

    /// <summary>Reads the replies that are owed after a burst was left early. Never throws.</summary>
    private async ValueTask DropRepliesAsync(int count)
    {
        try
        {
            for (; count > 0 && !_control.IsBroken; count--)
                await ReadFinalAsync(CancellationToken.None);
        }
        catch (RemoteException)
        {
            Abandon();
        }
    }

    private static int CountForPacket(ReadOnlySpan<FtpCommand> commands, int mostBytes)
    {
        var bytes = 0;
        var count = 0;
        foreach (var command in commands)
        {
            bytes += command.Verb.Length + " \r\n".Length + command.Argument.Length;
            if (count > 0 && (count == PacketCommands || bytes > mostBytes))
                break;
            count++;
        }

        return count;
    }
}
