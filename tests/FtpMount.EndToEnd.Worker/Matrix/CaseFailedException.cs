namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>A case of the matrix did not hold.</summary>
/// <param name="actual">What came instead, as one word where possible (an errno's name): documented exceptions are matched by it.</param>
/// <param name="message">All of it for a person.</param>
public sealed class CaseFailedException(string actual, string message) : Exception(message)
{
    /// <summary>What came instead.</summary>
    public string Actual { get; } = actual;
}
