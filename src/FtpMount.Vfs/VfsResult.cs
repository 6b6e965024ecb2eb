namespace FtpMount.Vfs;

/// <summary>A value or the reason why there is none.</summary>
/// <typeparam name="T">The value.</typeparam>
public readonly struct VfsResult<T>
{
    private VfsResult(VfsError error, T value)
    {
        Error = error;
        Value = value;
    }

    /// <summary><see cref="VfsError.None"/> when there is a value.</summary>
    public VfsError Error { get; }

    /// <summary>The value; meaningless when <see cref="Error"/> is not <see cref="VfsError.None"/>.</summary>
    public T Value { get; }

    /// <summary>Whether there is a value.</summary>
    public bool IsSuccess => Error == VfsError.None;

    /// <summary>Success.</summary>
    public static implicit operator VfsResult<T>(T value) => new(VfsError.None, value);

    /// <summary>Failure.</summary>
    public static implicit operator VfsResult<T>(VfsError error) => new(error, default!);
}
