namespace FtpMount.TestServers.Processes;

/// <summary>Another program listens on the port that was chosen for a server.</summary>
/// <param name="message">Which port, and what the server said.</param>
internal sealed class PortTakenException(string message) : InvalidOperationException(message);
