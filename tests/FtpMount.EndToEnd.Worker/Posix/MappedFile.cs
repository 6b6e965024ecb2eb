namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>A mapping of a file into memory that is unmapped in any case.</summary>
public sealed unsafe class MappedFile : IDisposable
{
    /// <summary>PROT_READ.</summary>
    public const int Readable = 1;

    /// <summary>PROT_WRITE.</summary>
    public const int Writable = 2;

    /// <summary>MAP_SHARED.</summary>
    public const int Shared = 1;

    /// <summary>MAP_PRIVATE.</summary>
    public const int Private = 2;

    private readonly long _address;
    private readonly long _length;
    private bool _mapped = true;

    private MappedFile(long address, long length)
    {
        _address = address;
        _length = length;
    }

    /// <summary>The mapped bytes. Touching a page behind the end of the file kills the process (SIGBUS).</summary>
    public Span<byte> Bytes => _mapped ? new Span<byte>((void*)_address, (int)_length) : throw new ObjectDisposedException(nameof(MappedFile));

    /// <summary>Maps, or gives the errno.</summary>
    public static Outcome TryMap(int descriptor, long length, int protection, int flags, long offset, out MappedFile? mapped)
    {
        Outcome outcome = SystemCall.Map(descriptor, length, protection, flags, offset);
        mapped = outcome.Succeeded ? new MappedFile(outcome.Value, length) : null;
        return outcome;
    }

    /// <summary>msync(2) of all of it.</summary>
    public Outcome Synchronize() => SystemCall.SynchronizeMap(_address, _length);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_mapped)
            SystemCall.Unmap(_address, _length);
        _mapped = false;
    }
}
