namespace FtpMount.Cli.Commands;

/// <summary>What <c>ftpmount mount</c> or mount(8) asks for, as written.</summary>
/// <param name="Url">What to mount.</param>
/// <param name="MountPoint">Where.</param>
/// <param name="OptionLists">The arguments of each <c>-o</c>.</param>
internal sealed record MountRequest(string Url, string MountPoint, IReadOnlyList<string> OptionLists)
{
    /// <summary>Serve the mount in this process instead of one in the background.</summary>
    internal bool Foreground { get; init; }

    /// <summary>mount(8) -f: check everything that can be checked without mounting.</summary>
    internal bool Fake { get; init; }

    /// <summary>mount(8) -s: leave out unknown options.</summary>
    internal bool Sloppy { get; init; }

    /// <summary>mount(8) -v: say what was done.</summary>
    internal bool Verbose { get; init; }
}
