namespace FtpMount.Service.Control;

/// <summary>The connections to the server.</summary>
/// <param name="Open">Open now.</param>
/// <param name="Busy">Of those, in use.</param>
/// <param name="Limit">The most that will be opened.</param>
public sealed record ConnectionStatus(int Open, int Busy, int Limit);
