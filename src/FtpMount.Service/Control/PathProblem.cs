namespace FtpMount.Service.Control;

/// <summary>Why something could not be done with a path.</summary>
/// <param name="Path">The path on the server.</param>
/// <param name="Problem">Why, in words.</param>
public sealed record PathProblem(string Path, string Problem);
