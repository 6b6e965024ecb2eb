using System.Buffers;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Session;

/// <content>Names that some servers take for something else than they are.</content>
internal sealed partial class FtpSite
{
    /// <summary>Characters that some server takes for a pattern: those of glob(7), and the braces of csh(1).</summary>
    public static readonly SearchValues<char> PatternCharacters = SearchValues.Create("*?[]{}");

    private static readonly SearchValues<char> SpecialCharacters = SearchValues.Create(" *?[]{}");

    /// <summary>How often it is tried to learn how the server takes names, when nothing comes of it: where nothing can be made, or nothing is there.</summary>
    private const int MostNameTrials = 50;

    private int _nameTrials;

    /// <summary>Whether it is worth trying how the server takes names.</summary>
    public bool MayTryNames() => Interlocked.Increment(ref _nameTrials) <= MostNameTrials;

    /// <summary>Whether some server could take a path, or a name, for something else.</summary>
    public static bool IsSpecial(ReadOnlySpan<char> path) => path.ContainsAny(SpecialCharacters);

    /// <summary>Whether it is known that this server takes a path for what it is.</summary>
    public bool TakesAsNamed(ReadOnlySpan<char> path) =>
        !IsSpecial(path)
        || (ChangesAsNamed == FtpSupport.Yes
            && (Spaces == FtpSupport.Yes || !path.Contains(' '))
            && (Patterns == FtpSupport.Yes || !path.ContainsAny(PatternCharacters)));

    /// <summary>Whether it is known that this server takes a path, or a name, for something else.</summary>
    public bool Mangles(ReadOnlySpan<char> path) =>
        (Spaces == FtpSupport.No && path.Contains(' ')) || (Patterns == FtpSupport.No && path.ContainsAny(PatternCharacters));

    /// <summary>Remembers how the server takes names, and tells the user where that restricts the mount.</summary>
    /// <param name="spaces">Whether spaces do not divide an argument; null when that was not tried.</param>
    /// <param name="patterns">Whether the characters of patterns stand for themselves; null when that was not tried.</param>
    public void NoteNames(bool? spaces, bool? patterns)
    {
        if (spaces is { } whole && Spaces != FtpSupport.No)
        {
            Spaces = whole ? FtpSupport.Yes : FtpSupport.No;
            if (!whole)
                Tell("divides what follows a command at spaces", "spaces");
        }

        if (patterns is { } literal && Patterns != FtpSupport.No)
        {
            Patterns = literal ? FtpSupport.Yes : FtpSupport.No;
            if (!literal)
                Tell("takes names with [ ] { } * ? for patterns", "these characters");
        }

        void Tell(string does, string what) => Logger.LogWarning(
            "{Server} {Does}: files with {What} in their names are shown and cannot be used, and such names are refused (EINVAL); folders with such names can be entered",
            Options.DisplayName, does, what);
    }

    /// <summary>Why a name cannot be used.</summary>
    public RemoteException NameRefusal(RemotePath path)
    {
        var does = Spaces == FtpSupport.No && path.Value.Contains(' ', StringComparison.Ordinal)
            ? "divides what follows a command at spaces"
            : "takes the characters [ ] { } * ? for patterns";
        return new RemoteException(
            RemoteError.InvalidName, $"{FtpErrorMapping.Quote(path)} cannot be used: {Options.Host} {does}, so the command could reach something else. Give it another name on the server.")
        { Path = path };
    }
}
