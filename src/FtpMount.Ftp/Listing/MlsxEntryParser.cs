using System.Text;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Reads the lines of MLSD and the line of MLST: <c>fact=value;fact=value; name</c> (RFC 3659 section 7.2).
/// </summary>
/// <remarks>
/// Facts come in any case and order, unknown ones are skipped, and the first <c>"; "</c> ends them: all after it is the name, with its
/// spaces, semicolons and equals signs. A fact whose value makes no sense counts as absent; only the name can make a line invalid.
/// </remarks>
public static class MlsxEntryParser
{
    /// <summary>Reads one line, without its line end. Never throws, whatever the bytes.</summary>
    /// <param name="line">
    /// A line of MLSD, or the line of an MLST reply, with or without the space that begins the latter.
    /// </param>
    /// <param name="codec">The charset of names.</param>
    /// <param name="entry">
    /// The entry. For an absolute path (MLST) the name is its last segment. For the listed directory itself and for those above
    /// (<c>cdir</c>, <c>pdir</c>, and the names <c>.</c>, <c>..</c> and <c>/</c> whatever their type) it is the last segment or empty.
    /// </param>
    /// <returns>False when the line has no facts and name of this form, or a name that no file can have (<c>/</c> inside, NUL, CR, LF).</returns>
    public static bool TryParse(ReadOnlySpan<byte> line, NameCodec codec, out MlsxEntry entry)
    {
        ArgumentNullException.ThrowIfNull(codec);
        entry = default;
        var facts = default(MlsxFacts);
        if (!TryReadFacts(line, ref facts, out var path) || path.IsEmpty)
            return false;

        var type = ParseType(facts.Type, out var target);
        if (!TryGetName(path, codec, ref type, out var name))
            return false;

        var owner = AsciiNumber.ParseUInt(facts.Owner);
        var group = AsciiNumber.ParseUInt(facts.Group);
        var kind = type switch
        {
            MlsxType.File => RemoteKind.File,
            MlsxType.Symlink => RemoteKind.Symlink,
            MlsxType.Other => RemoteKind.Other,
            _ => RemoteKind.Directory,
        };
        entry = new MlsxEntry(
            type,
            new RemoteEntry
            {
                Name = name,
                Kind = kind,
                Size = AsciiNumber.ParseLong(facts.Size.IsEmpty && kind == RemoteKind.Directory ? facts.DirectorySize : facts.Size),
                Modified = FtpTime.TryParse(facts.Modify, out var modified) ? modified : null,
                Created = FtpTime.TryParse(facts.Create, out var created) ? created : null,
                Mode = ParseMode(facts.Mode),
                // ProFTPD gives numbers as UNIX.owner and names as UNIX.ownername, others UNIX.uid, and some names as UNIX.owner.
                UserId = AsciiNumber.ParseUInt(facts.UserId) ?? owner,
                GroupId = AsciiNumber.ParseUInt(facts.GroupId) ?? group,
                Owner = DecodeText(facts.OwnerName.IsEmpty && owner is null ? facts.Owner : facts.OwnerName, codec),
                Group = DecodeText(facts.GroupName.IsEmpty && group is null ? facts.Group : facts.GroupName, codec),
                LinkTarget = kind == RemoteKind.Symlink ? LinkTargetText.Decode(target, codec) : null,
                UniqueId = facts.Unique.IsEmpty ? null : Encoding.Latin1.GetString(facts.Unique),
                Permissions = facts.HasPermissions ? ParsePermissions(facts.Permissions) : null,
            });
        return true;
    }

    private static bool TryReadFacts(ReadOnlySpan<byte> line, ref MlsxFacts facts, out ReadOnlySpan<byte> path)
    {
        path = default;
        if (line.IsEmpty)
            return false;
        if (line[0] == (byte)' ')
        {
            line = line[1..];
            // No facts at all, or the space that begins the line of an MLST reply.
            var equals = line.IndexOf((byte)'=');
            if (equals < 0 || MlsxFacts.Find(line[..equals]) == MlsxFact.Unknown || line.IndexOf("; "u8) < 0)
            {
                path = line;
                return true;
            }
        }

        var inLink = false;
        var position = 0;
        while (true)
        {
            var length = line[position..].IndexOf((byte)';');
            if (length < 0)
                return false;
            var end = position + length;
            var fact = line[position..end];
            var equals = fact.IndexOf((byte)'=');
            if (equals > 0)
            {
                var known = MlsxFacts.Find(fact[..equals]);
                facts.Set(known, fact[(equals + 1)..]);
                inLink = known == MlsxFact.Type;
            }
            else if (inLink)
            {
                // A semicolon inside of the target of a link: OS.unix=slink:a;b
                facts.Type = line[(position - 1 - facts.Type.Length)..end];
            }
            else
            {
                return false;
            }

            position = end + 1;
            if (position < line.Length && line[position] == (byte)' ')
            {
                path = line[(position + 1)..];
                return true;
            }
        }
    }

    private static MlsxType ParseType(ReadOnlySpan<byte> type, out ReadOnlySpan<byte> target)
    {
        target = default;
        if (type.IsEmpty || Ascii.EqualsIgnoreCase(type, "file"u8))
            return MlsxType.File;
        if (Ascii.EqualsIgnoreCase(type, "dir"u8))
            return MlsxType.Directory;
        if (Ascii.EqualsIgnoreCase(type, "cdir"u8))
            return MlsxType.CurrentDirectory;
        if (Ascii.EqualsIgnoreCase(type, "pdir"u8))
            return MlsxType.ParentDirectory;
        // OS.unix=slink:target (RFC 3659 section 7.5.1.5), OS.unix=slink, OS.unix=symlink (ProFTPD without FactsOptions UseSlink)
        var prefix = "OS.unix="u8;
        if (type.Length <= prefix.Length || !Ascii.EqualsIgnoreCase(type[..prefix.Length], prefix))
            return MlsxType.Other;
        var what = type[prefix.Length..];
        var colon = what.IndexOf((byte)':');
        var word = colon < 0 ? what : what[..colon];
        if (!Ascii.EqualsIgnoreCase(word, "slink"u8) && !Ascii.EqualsIgnoreCase(word, "symlink"u8))
            return MlsxType.Other;
        if (colon >= 0)
            target = what[(colon + 1)..];
        return MlsxType.Symlink;
    }

    private static bool TryGetName(ReadOnlySpan<byte> path, NameCodec codec, ref MlsxType type, out string name)
    {
        name = "";
        var isDirectoryItself = type is MlsxType.CurrentDirectory or MlsxType.ParentDirectory;
        if (path.SequenceEqual("."u8) || path.SequenceEqual("/"u8))
        {
            if (!isDirectoryItself)
                type = MlsxType.CurrentDirectory;
            return true;
        }

        if (path.SequenceEqual(".."u8))
        {
            type = MlsxType.ParentDirectory;
            return true;
        }

        if (path[0] == (byte)'/' || isDirectoryItself)
        {
            path = path.TrimEnd((byte)'/');
            path = path[(path.LastIndexOf((byte)'/') + 1)..];
        }

        name = codec.Decode(path);
        if (RemotePath.IsValidName(name))
            return true;
        // "./" and the like: still the directory itself, without a name of its own.
        name = "";
        return isDirectoryItself && !path.ContainsAny((byte)0, (byte)'\r', (byte)'\n');
    }

    private static int? ParseMode(ReadOnlySpan<byte> text) =>
        AsciiNumber.ParseMode(text.StartsWith("0o"u8) ? text[2..] : text); // pyftpdlib writes Python's octal literals

    private static RemotePermissions ParsePermissions(ReadOnlySpan<byte> letters)
    {
        // The letters are the same in either case (RFC 3659 section 7.5.5), but pyftpdlib adds capitals of its own: radfwMT.
        var capitalsCount = !letters.ContainsAnyInRange((byte)'a', (byte)'z');
        var permissions = RemotePermissions.None;
        foreach (var letter in letters)
        {
            permissions |= (capitalsCount ? letter | 0x20 : letter) switch
            {
                'a' => RemotePermissions.Append,
                'c' => RemotePermissions.CreateFile,
                'd' => RemotePermissions.Delete,
                'e' => RemotePermissions.Enter,
                'f' => RemotePermissions.Rename,
                'l' => RemotePermissions.List,
                'm' => RemotePermissions.CreateDirectory,
                'p' => RemotePermissions.Purge,
                'r' => RemotePermissions.Read,
                'w' => RemotePermissions.Write,
                _ => RemotePermissions.None,
            };
        }

        return permissions;
    }

    private static string? DecodeText(ReadOnlySpan<byte> text, NameCodec codec) => text.IsEmpty ? null : codec.Decode(text);
}
