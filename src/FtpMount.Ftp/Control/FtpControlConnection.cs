using System.Buffers;
using System.Net.Sockets;
using System.Text;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Control;

/// <summary>
/// A control connection (RFC 959 section 2.3): sends commands, several in one packet, and reads the replies in their order. It counts the replies
/// owed, so that it always knows whether it is between two commands; after any failure in the middle it is broken for good.
/// </summary>
/// <remarks>
/// Telnet's IAC (RFC 854): a name with the byte 255 is sent as it is, because vsftpd, Pure-FTPd and pyftpdlib do not know Telnet. ProFTPD does, and
/// swallows 255 and what follows; there <see cref="DoublesIac"/> is set, by the name learner of the site.
/// </remarks>
internal sealed class FtpControlConnection : IDisposable
{
    private const byte Iac = 0xFF;

    /// <summary>Servers that report progress send some; one that sends nothing else never ends.</summary>
    private const int MostPreliminaryReplies = 10_000;

    private FtpTransport _transport;
    private readonly ILogger _logger;
    private readonly Deadline _deadline;
    private readonly Deadline _sendDeadline;
    private readonly FtpReplyReader _reader = new();
    private readonly ArrayBufferWriter<byte> _outgoing = new(512);
    private volatile bool _broken;
    private int _owed;
    private int _preliminary;

    /// <summary>A reply that is read in the background; null when there was none. Who reads next waits for it.</summary>
    private Task<FtpReply?>? _earlier;

    /// <param name="transport">The connection; owned from now on.</param>
    /// <param name="timeout">How long to wait for the next bytes of a reply.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets the transcript at level Debug, without passwords.</param>
    public FtpControlConnection(FtpTransport transport, TimeSpan timeout, TimeProvider time, ILogger logger)
    {
        _transport = transport;
        _logger = logger;
        _deadline = new Deadline(time, timeout);
        _sendDeadline = new Deadline(time, timeout);
    }

    /// <summary>The connection below.</summary>
    public FtpTransport Transport => _transport;

    /// <summary>Whether 255 must be doubled for this server.</summary>
    public bool DoublesIac { get; set; }

    /// <summary>Sees every command and reply; null for nobody.</summary>
    public Session.IFtpSessionObserver? Observer { get; set; }

    /// <summary>Commands sent so far.</summary>
    public long CommandsSent { get; private set; }

    /// <summary>Whether nothing more can be done with it.</summary>
    public bool IsBroken => _broken;

    /// <summary>How many final replies are still to come, beside one that is read in the background.</summary>
    public int RepliesOwed => _owed;

    /// <summary>
    /// Whether it is between two commands, but for a reply that is read in the background, and the server has neither closed it nor said anything unasked (421 before it
    /// closes).
    /// </summary>
    public bool IsIdle => !_broken && _owed == 0 && (IsReadingInBackground || (!_reader.HasInput && _transport.IsQuiet && !_broken));

    /// <summary>Why a reply that was read in the background did not come; null as long as all did.</summary>
    public RemoteException? BackgroundFailure { get; private set; }

    private bool IsReadingInBackground => _earlier is { IsCompleted: false };

    /// <summary>Whether bytes have come that are no whole reply yet, or more than was asked for.</summary>
    public bool HasInput => _reader.HasInput;

    /// <summary>Goes on over the same TCP connection with TLS, or without. Only between two commands.</summary>
    public void ReplaceTransport(FtpTransport transport) => _transport = transport;

    /// <summary>Expects one reply that no command asks for: the greeting.</summary>
    public void ExpectGreeting() => _owed++;

    /// <summary>Sends commands in one packet. Their replies are owed from now on.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.Offline"/>, <see cref="RemoteError.TimedOut"/>.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<FtpCommand> commands, CancellationToken cancellationToken)
    {
        if (_broken)
            throw Lost(null);
        _outgoing.ResetWrittenCount();
        foreach (var command in commands.Span)
        {
            Append(command);
            Observer?.Sent(command);
            if (_logger.IsEnabled(LogLevel.Debug))
                _logger.LogDebug("> {Command}", command.ToString());
        }

        var ok = false;
        try
        {
            _owed += commands.Length;
            CommandsSent += commands.Length;
            await _transport.SendAsync(_outgoing.WrittenMemory, _sendDeadline.Start(cancellationToken));
            ok = true;
        }
        catch (Exception e) when (Translate(e, _sendDeadline) is { } failure)
        {
            throw failure;
        }
        finally
        {
            if (!ok)
                _broken = true;
            _sendDeadline.Stop();
        }
    }

    /// <summary>
    /// Reads the final reply to the command that was sent last in the background, so that others may be sent meanwhile. Their replies are read after it. Only when all
    /// earlier replies have been read.
    /// </summary>
    /// <returns>The reply; null when the connection was lost (<see cref="BackgroundFailure"/>).</returns>
    public Task<FtpReply?> ReadInBackground() => ReadInBackground(_deadline.Timeout);

    /// <summary>As <see cref="ReadInBackground()"/>, with another limit of time.</summary>
    public Task<FtpReply?> ReadInBackground(TimeSpan timeout)
    {
        _owed--;
        var reading = ReadEarlierAsync(_earlier, timeout);
        _earlier = reading;
        return reading;
    }

    /// <summary>Reads the next reply, preliminary (1yz) or final. Only a final one counts against what is owed.</summary>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.Offline"/>: the connection was lost or the server closed it (421). <see cref="RemoteError.TimedOut"/>,
    /// <see cref="RemoteError.ProtocolViolation"/>.
    /// </exception>
    public ValueTask<FtpReply> ReadReplyAsync(CancellationToken cancellationToken) => ReadReplyAsync(_deadline.Timeout, cancellationToken);

    /// <summary>As <see cref="ReadReplyAsync(CancellationToken)"/>, with another limit of time.</summary>
    public async ValueTask<FtpReply> ReadReplyAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (IsReadingInBackground)
            await WaitForEarlierAsync(cancellationToken);
        var reply = await ReadNextAsync(timeout, cancellationToken);
        if (!reply.Code.IsPreliminary)
            _owed--;
        return reply;
    }

    private async Task<FtpReply?> ReadEarlierAsync(Task<FtpReply?>? before, TimeSpan timeout)
    {
        try
        {
            if (before is not null)
                await before;
            while (true)
            {
                var reply = await ReadNextAsync(timeout, CancellationToken.None);
                if (!reply.Code.IsPreliminary)
                    return reply;
            }
        }
        catch (RemoteException e)
        {
            BackgroundFailure ??= e;
            return null;
        }
    }

    private async ValueTask WaitForEarlierAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _earlier!.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _broken = true;
            throw;
        }
    }

    /// <summary>The next reply, whoever it belongs to.</summary>
    private async ValueTask<FtpReply> ReadNextAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (_broken)
            throw Lost(null);
        var ok = false;
        try
        {
            FtpReply? reply;
            while (!_reader.TryRead(out reply))
            {
                var count = await _transport.ReceiveAsync(_reader.GetBuffer(), _deadline.Start(timeout, cancellationToken));
                _deadline.Stop();
                if (count == 0)
                    throw Lost(null);
                _reader.Advance(count);
            }

            Observer?.Received(reply!);
            if (_logger.IsEnabled(LogLevel.Debug))
                _logger.LogDebug("< {Reply}", reply!.Text);
            if (!reply!.Code.IsPreliminary)
                _preliminary = 0;
            else if (++_preliminary > MostPreliminaryReplies)
                throw new RemoteException(RemoteError.ProtocolViolation, $"The server sent more than {MostPreliminaryReplies} preliminary replies to one command.");

            if (reply.EndsSession)
                _broken = true;
            ok = true;
            return reply;
        }
        catch (Exception e) when (Translate(e, _deadline) is { } failure)
        {
            throw failure;
        }
        finally
        {
            if (!ok)
                _broken = true;
            _deadline.Stop();
        }
    }

    /// <summary>A preliminary reply came where a final one belongs: counts it as final.</summary>
    public void TakeAsFinal() => _owed--;

    /// <summary>From now on nobody can use it.</summary>
    public void MarkBroken() => _broken = true;

    /// <summary>Ends it at once; a wait under way fails.</summary>
    public void Dispose()
    {
        _broken = true;
        _transport.Dispose();
    }

    private void Append(in FtpCommand command)
    {
        var verb = _outgoing.GetSpan(command.Verb.Length + 1);
        var length = Encoding.ASCII.GetBytes(command.Verb, verb);
        if (!command.Argument.IsEmpty)
            verb[length++] = (byte)' ';
        _outgoing.Advance(length);
        if (DoublesIac && command.Argument.Span.Contains(Iac))
        {
            foreach (var value in command.Argument.Span)
            {
                if (value == Iac)
                    _outgoing.Write([Iac]);
                _outgoing.Write([value]);
            }
        }
        else
        {
            _outgoing.Write(command.Argument.Span);
        }

        _outgoing.Write("\r\n"u8);
    }

    /// <summary>The failure in the contract's words; null for what passes as it is.</summary>
    private static RemoteException? Translate(Exception failure, Deadline deadline) => failure switch
    {
        OperationCanceledException when deadline.HasExpired => new RemoteException(
            RemoteError.TimedOut, "The server did not answer in time.", failure),
        SocketException or IOException or ObjectDisposedException => Lost(failure),
        _ => null,
    };

    private static RemoteException Lost(Exception? cause) =>
        new(RemoteError.Offline, cause is SocketException or TlsException ? $"The connection was lost: {cause.Message}." : "The server closed the connection.", cause);
}
