using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>Which names arrive as they were sent, are listed so, and can be removed by them. Tried with folders, because those cost one command each.</summary>
internal static class NameExamination
{
    private const int LongestName = 255;

    private static readonly (string Kind, string Name)[] Names =
    [
        ("accents and other scripts", "gr\u00F6\u00DFe \u65E5\u672C"),
        ("a space at the beginning", " space"),
        ("a space at the end", "space "),
        ("several spaces", "a  b   c"),
        ("a dot at the beginning", ".hidden"),
        ("a dash at the beginning", "-dash"),
        ("brackets and braces", "[a]{b}(c)"),
        ("* and ?", "a*b?"),
        ("quotes and backslashes", "a\"b'c\\d"),
        ("other signs", "~%41#&;:,=|<>$!"),
        ("control characters", "a\t\u0001\u001B\u007Fz"),
        ("the byte 255", NameCodec.Utf8.Decode([(byte)'a', 0xFF, (byte)'z'])),
        ("255 bytes", new string('n', LongestName)),
    ];

    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, TrialFolder folder, CancellationToken cancellationToken)
    {
        var section = new SectionBuilder("Names");
        var site = server.Site;
        var parent = folder.Directory("names");
        await server.AskAsync(site.Command("MKD", parent), cancellationToken);
        await AddMeaningAsync(section, server, parent, cancellationToken);
        var encodable = Names.Where(name => CanEncode(site, name.Name) && !site.Mangles(name.Name)).ToArray();
        var made = new FtpReply?[encodable.Length];
        for (var i = 0; i < encodable.Length; i++)
            made[i] = await server.AskAsync(site.Command("MKD", folder.Directory(parent, encodable[i].Name)), cancellationToken);
        HashSet<string> listed;
        try
        {
            var entries = await ExaminedServer.ListAsync(await server.ConnectionAsync(cancellationToken), parent, 1000, cancellationToken);
            listed = [.. entries.Select(entry => entry.Name)];
        }
        catch (RemoteException e)
        {
            section.Problem("Unusual names", $"a folder with them cannot be listed: {e.Message}");
            return section.Section;
        }

        var kept = new List<string>();
        var others = new List<Action>();
        for (var i = 0; i < encodable.Length; i++)
        {
            var (kind, name) = encodable[i];
            if (made[i] is not { Code.IsCompletion: true } reply)
            {
                var text = made[i] is { } refusal ? refusal.Code.ToString() : "the session ended over it";
                others.Add(() => section.Missing(Capital(kind), $"refused ({text})", "Such a name cannot be given; the program is told."));
            }
            else if (!listed.Contains(name))
            {
                others.Add(() => section.Partly(Capital(kind), "not kept", "The server changes such names; the mount refuses to make them."));
            }
            else
            {
                var removed = await server.AskAsync(site.Command("RMD", parent.Combine(name)), cancellationToken);
                if (removed is { Code.IsCompletion: true })
                {
                    kept.Add(kind);
                    folder.Removed(parent.Combine(name));
                }
                else
                    others.Add(() => section.Partly(Capital(kind), $"can be made, and not removed ({removed?.Code.ToString() ?? "the session ended over it"})"));
            }
        }

        Learn(site, encodable, made, listed);
        if (kept.Count > 0)
            section.Works("Kept as they are", string.Join("; ", kept));
        foreach (var (kind, name) in Names.Except(encodable))
            section.Missing(Capital(kind), site.Mangles(name) ? "taken for something else, and therefore refused" : "cannot be written in this charset");
        foreach (var other in others)
            other();
        await AddCaseAsync(section, server, folder, parent, cancellationToken);
        return section.Section;
    }

    /// <summary>Whether paths with spaces, and with the characters of patterns, reach what they name.</summary>
    private static async ValueTask AddMeaningAsync(SectionBuilder section, ExaminedServer server, RemotePath parent, CancellationToken cancellationToken)
    {
        const string Subject = "Names as they are";
        var site = server.Site;
        try
        {
            var connection = await server.ConnectionAsync(cancellationToken);
            await NameTrial.ChangeAsync(connection, parent.Combine("name"), cancellationToken);
            await NameTrial.LookAsync(connection, parent.Combine("name"), cancellationToken);
        }
        catch (RemoteException e)
        {
            section.Problem(Subject, $"could not be tried: {e.Message}");
            await server.DropAsync();
            return;
        }

        string[] mangled = [.. new[] { (site.Spaces, "spaces divide an argument"), (site.Patterns, "[ ] { } * ? are patterns") }.Where(one => one.Item1 == FtpSupport.No).Select(one => one.Item2)];
        if (mangled.Length > 0)
            section.Partly(Subject, string.Join("; ", mangled), "Files with such names are shown and cannot be used; what lies in folders with such names is reached by entering them.");
        else if (site.ChangesAsNamed == FtpSupport.Yes)
            section.Works(Subject, "spaces and [ ] { } * ? stand for themselves");
    }

    private static async ValueTask AddCaseAsync(
        SectionBuilder section, ExaminedServer server, TrialFolder folder, RemotePath parent, CancellationToken cancellationToken)
    {
        const string Subject = "Capitals and small letters";
        var site = server.Site;
        var replies = await server.AskAsync(
            [site.Command("MKD", folder.Directory(parent, "Case")), site.Command("MKD", folder.Directory(parent, "case"))], cancellationToken);
        if (replies[0] is { Code.IsCompletion: true } && replies[1] is { Code.IsCompletion: true })
            section.Works(Subject, "make different names");
        else
            section.Partly(Subject, "make the same name", "Two files whose names differ in case only cannot stand side by side (git, tar).");
    }

    /// <summary>What the mount would find out by itself before the first such name.</summary>
    private static void Learn(FtpSite site, (string Kind, string Name)[] names, FtpReply?[] made, HashSet<string> listed)
    {
        for (var i = 0; i < names.Length; i++)
        {
            if (made[i] is not { Code.IsCompletion: true })
                continue;
            var support = listed.Contains(names[i].Name) ? FtpSupport.Yes : FtpSupport.No;
            if (names[i].Name.EndsWith(' '))
                site.TrailingSpace = support;
            else if (names[i].Name.Contains('\u0001', StringComparison.Ordinal))
                site.ControlCharacters = support;
        }
    }

    private static bool CanEncode(FtpSite site, string name)
    {
        try
        {
            return site.Codec.Decode(site.Codec.Encode(name)) == name;
        }
        catch (RemoteException)
        {
            return false;
        }
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
