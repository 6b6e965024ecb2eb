namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>How a <see cref="Mount"/> is made.</summary>
public sealed record MountOptions
{
    /// <summary>Further options of <c>-o</c>, such as <c>timeout=5</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Whether a close waits until the server has the file, as most tests need that look at the server's disk; false for the program's default.</summary>
    public bool WriteThrough { get; init; } = true;

    /// <summary>The folder for staging files and the journal; by default one of the mount's own. Name one to mount again on what was left there.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>The mount point; by default a new folder.</summary>
    public string? MountPoint { get; init; }

    /// <summary>A program that starts the mount program, with its arguments, such as setpriv to do it as another user.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>The program, when it is not <see cref="MountProgram.Command"/>: a copy of it.</summary>
    public string? Program { get; init; }

    /// <summary>The owner of the folders that are made for this mount, when that is not the present user.</summary>
    public string? Owner { get; init; }

    /// <summary>The folder on the server that is mounted, relative to the login folder.</summary>
    public string RemotePath { get; init; } = "";
}
