using System.Net;
using FtpMount.Ftp.Control;

namespace FtpMount.Ftp.Session;

/// <summary>Sees what happens on one control connection: for a transcript, and to time its beginning. Called by the session itself, so it must be quick.</summary>
internal interface IFtpSessionObserver
{
    /// <summary>The session has reached a step of its beginning.</summary>
    /// <param name="step">Which.</param>
    /// <param name="peer">The server's address, once connected.</param>
    void Reached(FtpSessionStep step, IPEndPoint? peer);

    /// <summary>A command is being sent.</summary>
    void Sent(in FtpCommand command);

    /// <summary>A reply has come.</summary>
    void Received(FtpReply reply);
}
