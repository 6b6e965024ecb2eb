using System.Net;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>Times the beginning of a session, and passes its dialogue on to the transcript.</summary>
internal sealed class SessionWatch(int number, TimeProvider time, FtpTranscript? transcript) : IFtpSessionObserver
{
    private readonly long _start = time.GetTimestamp();
    private readonly Dictionary<FtpSessionStep, TimeSpan> _reached = [];

    /// <summary>The server's address.</summary>
    public IPEndPoint? Peer { get; private set; }

    /// <summary>How long a step took since the one before it that was reached; null when it was not reached.</summary>
    public TimeSpan? TimeOf(FtpSessionStep step)
    {
        if (!_reached.TryGetValue(step, out var at))
            return null;
        var before = TimeSpan.Zero;
        foreach (var (other, time) in _reached)
        {
            if (other < step && time > before)
                before = time;
        }

        return at - before;
    }

    /// <inheritdoc/>
    public void Reached(FtpSessionStep step, IPEndPoint? peer)
    {
        _reached[step] = time.GetElapsedTime(_start);
        Peer = peer ?? Peer;
        if (step == FtpSessionStep.Connected)
            transcript?.WriteNote(number, $"connected to {peer}");
        else if (step == FtpSessionStep.Secured)
            transcript?.WriteNote(number, "encrypted from here on");
    }

    /// <inheritdoc/>
    public void Sent(in FtpCommand command) => transcript?.WriteCommand(number, command);

    /// <inheritdoc/>
    public void Received(FtpReply reply) => transcript?.WriteReply(number, reply);
}
