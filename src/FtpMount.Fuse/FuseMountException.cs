namespace FtpMount.Fuse;

/// <summary>A mount could not be made. The message is one line that says what happened and what to do.</summary>
public sealed class FuseMountException : Exception
{
    /// <summary>Creates the exception.</summary>
    public FuseMountException(FuseMountError error, string message)
        : base(message) => Error = error;

    /// <summary>Creates the exception with its cause.</summary>
    public FuseMountException(FuseMountError error, string message, Exception innerException)
        : base(message, innerException) => Error = error;

    /// <summary>The reason.</summary>
    public FuseMountError Error { get; }
}
