using System.Globalization;
using System.Text;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Listing;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>
/// Setting times and modes, of files and of folders, by every command there is; each is believed only when the change can be seen. What it finds out about files that are the user's own, the next
/// mount knows.
/// </summary>
internal sealed class AttributeExamination
{
    /// <summary>A clock that is off by less is right: times are told in seconds, and the asking takes time, too.</summary>
    private static readonly TimeSpan RightClock = TimeSpan.FromSeconds(5);

    private const int PermissionBits = 0x1FF;

    private static readonly DateTimeOffset FirstTime = new(2001, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private readonly ExaminedServer _server;
    private readonly TrialFolder _folder;
    private readonly SectionBuilder _section = new("Times and modes");
    private DateTimeOffset _nextTime = FirstTime;

    private AttributeExamination(ExaminedServer server, TrialFolder folder)
    {
        _server = server;
        _folder = folder;
    }

    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, TrialFolder folder, CancellationToken cancellationToken)
    {
        var examination = new AttributeExamination(server, folder);
        await examination.RunAsync(cancellationToken);
        return examination._section.Section;
    }

    private async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        var file = _folder.File("attributes");
        await _server.StoreAsync("STOR", file, "1"u8.ToArray(), 0, cancellationToken);
        await AddClockAsync(file, cancellationToken);
        var directory = _folder.Directory("attributes-folder");
        await _server.AskAsync(_server.Site.Command("MKD", directory), cancellationToken);
        await AddTimesAsync("Times of files", file, "Files show the time of their upload: cp -p, rsync -t and tar cannot keep times.", learns: true, cancellationToken);
        await AddTimesAsync("Times of folders", directory, "What cp -a, rsync and tar set is shown until unmounting; the server does not keep it.", learns: false, cancellationToken);
        await AddModesAsync(file, directory, cancellationToken);
    }

    private async ValueTask AddClockAsync(RemotePath file, CancellationToken cancellationToken)
    {
        const string Subject = "The server's clock";
        var entry = await _server.LookAsync(file, cancellationToken);
        if (entry?.Modified is not { } modified || modified.Precision > TimeSpan.FromMinutes(1))
        {
            _section.Fact(Subject, "cannot be told");
            return;
        }

        var ahead = modified.Value - _server.Time.GetUtcNow();
        if (ahead.Duration() <= RightClock + modified.Precision)
            _section.Works(Subject, "right");
        else
            _section.Partly(Subject, $"{Words(ahead.Duration())} {(ahead > TimeSpan.Zero ? "ahead" : "behind")}", "Times that the server sets itself are off by this; make and backup programs may be misled.");
    }

    private static string Words(TimeSpan time) =>
        time < TimeSpan.FromMinutes(2) ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} seconds")
        : time < TimeSpan.FromHours(2) ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} minutes")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} hours");

    private async ValueTask AddTimesAsync(string subject, RemotePath path, string meaning, bool learns, CancellationToken cancellationToken)
    {
        var site = _server.Site;
        var working = new List<string>();
        foreach (var (name, command, learn) in TimeCommands(site))
        {
            var time = _nextTime;
            _nextTime = _nextTime.AddDays(40);
            var reply = await _server.AskAsync(command(path, FtpTime.Format(time)), cancellationToken);
            if (reply is null)
                continue; // the session ended over it, which may have had other reasons
            var seen = reply.Code.IsCompletion ? (await _server.LookAsync(path, cancellationToken))?.Modified : null;
            var works = seen?.IsConsistentWith(new RemoteTime(time, TimeSpan.FromSeconds(1))) == true;
            if (works)
                working.Add(name);
            if (learns)
                Learn(reply, works, learn);
        }

        if (working.Count > 0)
            _section.Works(subject, string.Join(", ", working));
        else
            _section.Missing(subject, "cannot be set", meaning);
    }

    private static (string Name, Func<RemotePath, string, FtpCommand> Command, Action<FtpSupport> Learn)[] TimeCommands(FtpSite site) =>
    [
        ("MFMT", (path, time) => site.Command("MFMT " + time, path), support => site.Mfmt = support),
        ("MDTM with a time", (path, time) => site.Command("MDTM " + time, path), support => site.MdtmSet = support),
        ("SITE UTIME", (path, time) => site.Command("SITE UTIME " + time, path), support => site.SiteUtime = support),
        ("SITE UTIME with three times", (path, time) => new FtpCommand("SITE UTIME", (byte[])[.. site.Encode(path).Span, .. Encoding.ASCII.GetBytes($" {time} {time} {time} UTC")]), support => site.SiteUtimeTriple = support),
    ];

    /// <summary>A command that was accepted without the effect that was wanted says nothing: the mount finds out for itself (the time may be in another zone).</summary>
    private static void Learn(FtpReply? reply, bool works, Action<FtpSupport> learn)
    {
        if (works)
            learn(FtpSupport.Yes);
        else if (reply is { Code.IsPermanentNegative: true })
            learn(FtpSupport.No);
    }

    private async ValueTask AddModesAsync(RemotePath file, RemotePath directory, CancellationToken cancellationToken)
    {
        var site = _server.Site;
        var chmod = await SetsModeAsync(mode => site.Command("SITE CHMOD " + mode, file), file, 0b110_100_000, support => site.SiteChmod = support, cancellationToken);
        var mff = await SetsModeAsync(mode => site.Command($"MFF UNIX.mode=0{mode};", file), file, 0b110_000_000, support => site.MffMode = support, cancellationToken);
        string[] working = [.. new[] { (chmod, "SITE CHMOD"), (mff, "MFF") }.Where(way => way.Item1).Select(way => way.Item2)];
        if (working.Length == 0)
        {
            _section.Missing("Modes of files", "cannot be set", "chmod fails; files show what the server gives them.");
            _section.Missing("Modes of folders", "cannot be set", "chmod fails.");
            return;
        }

        _section.Works("Modes of files", string.Join(", ", working));
        if (await SetsModeAsync(mode => chmod ? site.Command("SITE CHMOD " + mode, directory) : site.Command($"MFF UNIX.mode=0{mode};", directory), directory, 0b111_101_000, null, cancellationToken))
            _section.Works("Modes of folders");
        else
            _section.Missing("Modes of folders", "cannot be set", "chmod of a folder fails.");
    }

    private async ValueTask<bool> SetsModeAsync(Func<string, FtpCommand> command, RemotePath path, int mode, Action<FtpSupport>? learn, CancellationToken cancellationToken)
    {
        var reply = await _server.AskAsync(command(Convert.ToString(mode, 8)), cancellationToken);
        // Where modes are not shown the server must be believed.
        var works = reply is { Code.IsCompletion: true }
            && reply.Code != FtpReplyCode.Superfluous
            && ((await _server.LookAsync(path, cancellationToken))?.Mode is not { } seen || (seen & PermissionBits) == mode);
        if (learn is not null)
            Learn(reply, works, learn);
        return works;
    }
}
