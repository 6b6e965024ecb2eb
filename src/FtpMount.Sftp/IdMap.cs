using System.Globalization;

namespace FtpMount.Sftp;

/// <summary>How numeric owners on the server become owners here, and back.</summary>
public sealed class IdMap
{
    private static readonly Dictionary<uint, uint> Empty = [];

    private IdMap(IdMapKind kind, IReadOnlyDictionary<uint, uint> users, IReadOnlyDictionary<uint, uint> groups)
    {
        Kind = kind;
        Users = users;
        Groups = groups;
    }

    /// <summary>What belongs to the user who is logged in there belongs to the mount's user here.</summary>
    public static IdMap User { get; } = new(IdMapKind.User, Empty, Empty);

    /// <summary>The numbers of the server are shown and set as they are.</summary>
    public static IdMap None { get; } = new(IdMapKind.None, Empty, Empty);

    /// <summary>Which way it is.</summary>
    public IdMapKind Kind { get; }

    /// <summary>For <see cref="IdMapKind.File"/>: the server's number for each number of a user here.</summary>
    internal IReadOnlyDictionary<uint, uint> Users { get; }

    /// <summary>For <see cref="IdMapKind.File"/>: the server's number for each number of a group here.</summary>
    internal IReadOnlyDictionary<uint, uint> Groups { get; }

    /// <summary>A map out of the lines of files: <c>number here : number there</c>, <c>#</c> begins a comment.</summary>
    /// <param name="users">The lines about users.</param>
    /// <param name="groups">The lines about groups.</param>
    /// <exception cref="FormatException">A line is something else; the message says which.</exception>
    public static IdMap FromLines(IEnumerable<string> users, IEnumerable<string> groups) => new(IdMapKind.File, Parse(users), Parse(groups));

    private static Dictionary<uint, uint> Parse(IEnumerable<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var result = new Dictionary<uint, uint>();
        foreach (var line in lines)
        {
            var text = line.Split('#')[0].Trim();
            if (text.Length == 0)
                continue;
            var parts = text.Split(':');
            if (parts.Length != 2
                || !uint.TryParse(parts[0].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var here)
                || !uint.TryParse(parts[1].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var there))
            {
                throw new FormatException($"'{text}' is not of the form 1000:1001 (the number here, a colon, the number on the server)");
            }

            result[here] = there;
        }

        return result;
    }
}
