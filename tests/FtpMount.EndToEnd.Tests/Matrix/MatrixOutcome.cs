namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>How a case went.</summary>
/// <param name="Actual">Null when it held; otherwise what came instead, in one word.</param>
/// <param name="Message">All of it for a person.</param>
public sealed record MatrixOutcome(string? Actual, string Message);
