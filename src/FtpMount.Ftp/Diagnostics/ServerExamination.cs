using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>What the server says of itself, and what the login has taught.</summary>
internal static class ServerExamination
{
    public static ProfileSection Run(ExaminedServer server)
    {
        var section = new SectionBuilder("Server");
        var site = server.Site;
        var identity = site.Identity!;
        section.Fact("Greets with", Text(identity.Greeting) is { Length: > 0 } greeting ? greeting : "(nothing)");
        section.Fact("System (SYST)", Text(identity.System));
        var features = site.Features!;
        if (features.IsKnown)
            section.Fact("Features (FEAT)", string.Join(", ", features.Names));
        else
            section.Missing("Features (FEAT)", "not told", "What the server can do is found out by trying.");
        section.Fact("Login folder", identity.LoginFolder);
        if (server.Root.Value != identity.LoginFolder)
            section.Fact("Folder shown", server.Root.Value);
        AddCharset(section, server, site);
        if (features.Has("TVFS"))
            section.Works("Names as they are (TVFS)", "announced: in a path only the slash has a meaning");
        else
            section.Fact("Names as they are (TVFS)", "not announced; tried before the first name with spaces or [ ] { } * ?");
        if (site.Pipelining != FtpSupport.No)
            section.Works("Several commands at once", "answered in order");
        else
            section.Partly("Several commands at once", "not all answered", "Commands are sent one at a time; looking up and listing take several round trips.");
        return section.Section;
    }

    private static void AddCharset(SectionBuilder section, ExaminedServer server, FtpSite site)
    {
        const string Subject = "Charset of names";
        if (server.Options.Encoding is { } chosen)
            section.Fact(Subject, $"{chosen.WebName}, as the option encoding says");
        else if (site.Features!.Has("UTF8"))
            section.Works(Subject, "UTF-8");
        else
            section.Partly(Subject, "the server does not say; taken for UTF-8", "If names look wrong, name the charset: encoding=iso-8859-1, windows-1252, shift_jis...");
    }

    /// <summary>From the identity's characters, which stand for bytes, to text.</summary>
    private static string Text(string bytes) => FtpReply.Printable(NameCodec.Utf8.Decode(System.Text.Encoding.Latin1.GetBytes(bytes)).Trim());
}
