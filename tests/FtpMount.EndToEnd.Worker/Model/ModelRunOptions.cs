using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Model;

/// <summary>What a <see cref="ModelRun"/> does.</summary>
public sealed record ModelRunOptions
{
    /// <summary>The directory to work in, empty.</summary>
    public required FilePath Directory { get; init; }

    /// <summary>The same directory on the server's disk.</summary>
    public required FilePath ServerDirectory { get; init; }

    /// <summary>Decides everything that happens.</summary>
    public required int Seed { get; init; }

    /// <summary>How many operations.</summary>
    public required int Operations { get; init; }

    /// <summary>The largest file, in bytes.</summary>
    public int MaximumSize { get; init; } = 512 * 1024;
}
