namespace FtpMount.EndToEnd.Worker.Session;

/// <summary>What the worker is asked to do; one line of JSON on its standard input. Fields that an operation does not name are ignored.</summary>
public sealed record WorkerRequest
{
    /// <summary>Which of <see cref="WorkerSession"/>'s operations.</summary>
    public required string Operation { get; init; }

    /// <summary>A path, in the kernel's bytes.</summary>
    public byte[]? Path { get; init; }

    /// <summary>A second path.</summary>
    public byte[]? OtherPath { get; init; }

    /// <summary>The name of a case.</summary>
    public string? Name { get; init; }

    /// <summary>A descriptor that an open returned.</summary>
    public int Descriptor { get; init; }

    /// <summary>An offset in bytes.</summary>
    public long Offset { get; init; }

    /// <summary>A length in bytes, or a number of operations or rounds.</summary>
    public long Length { get; init; }

    /// <summary>open(2)'s flags, lseek(2)'s whence and the like.</summary>
    public int Flags { get; init; }

    /// <summary>Permission bits.</summary>
    public int Mode { get; init; }

    /// <summary>The seed of the content or of the run.</summary>
    public int Seed { get; init; }
}
