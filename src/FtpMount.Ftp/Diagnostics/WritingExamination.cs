using System.Text;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>Everything that changes the server, tried in a folder of its own.</summary>
internal sealed class WritingExamination
{
    /// <summary>More than the sockets of both sides hold.</summary>
    private const int LargeSize = 4 << 20;

    private readonly ExaminedServer _server;
    private readonly TrialFolder _folder;
    private readonly SectionBuilder _section = new("Writing");

    private WritingExamination(ExaminedServer server, TrialFolder folder)
    {
        _server = server;
        _folder = folder;
    }

    public static async ValueTask<IReadOnlyList<ProfileSection>> RunAsync(ExaminedServer server, TrialFolder folder, CancellationToken cancellationToken)
    {
        server.Report("writing");
        var examination = new WritingExamination(server, folder);
        if (!await examination.MakeFolderAsync(cancellationToken))
            return [examination._section.Section];
        await examination.AddStoringAsync(cancellationToken);
        await examination.AddRenamingAsync(cancellationToken);
        await examination.AddRemovingAsync(cancellationToken);
        await examination.AddLinkAsync(cancellationToken);
        await examination.AddCopyAsync(cancellationToken);
        server.Report("times and modes");
        var attributes = await AttributeExamination.RunAsync(server, folder, cancellationToken);
        server.Report("names");
        return [examination._section.Section, attributes, await NameExamination.RunAsync(server, folder, cancellationToken)];
    }

    private FtpCommand Command(string verb, RemotePath path) => _server.Site.Command(verb, path);

    private async ValueTask<bool> MakeFolderAsync(CancellationToken cancellationToken)
    {
        const string Subject = "Make a folder (MKD)";
        var (reply, isHidden) = await _folder.MakeAsync(cancellationToken);
        if (reply is not { Code.IsCompletion: true })
        {
            _section.Problem(Subject, $"refused ({_folder.Text(reply)})", "Nothing else of writing was tried. If the server is read-only, mount it so: programs are told at once then.", "ro");
            return false;
        }

        _section.Works(Subject);
        if (!isHidden)
            _section.Problem("Hidden names", "refused", "Uploads go to hidden temporary names first; writing will fail in this folder.");
        return true;
    }

    private async ValueTask AddStoringAsync(CancellationToken cancellationToken)
    {
        var file = _folder.File("file");
        var reply = await _server.StoreAsync("STOR", file, "0123456789"u8.ToArray(), 0, cancellationToken);
        if (!await HoldsAsync(file, "0123456789", cancellationToken))
        {
            _section.Problem("Store a file (STOR)", reply is { Code.IsCompletion: true } ? "what was stored reads otherwise" : $"refused ({_folder.Text(reply)})", "Files cannot be written.", "ro");
            return;
        }

        _section.Works("Store a file (STOR)");
        _server.Sample = file;

        reply = await _server.StoreAsync("STOR", file, "01234"u8.ToArray(), 0, cancellationToken);
        if (await HoldsAsync(file, "01234", cancellationToken))
            _section.Works("Store over a file");
        else
            _section.Missing("Store over a file", $"refused ({_folder.Text(reply)})", "The mount stores under another name and renames.");

        reply = await _server.StoreAsync("APPE", file, "56789"u8.ToArray(), 0, cancellationToken);
        if (await HoldsAsync(file, "0123456789", cancellationToken))
            _section.Works("Append (APPE)");
        else
            _section.Missing("Append (APPE)", reply is { Code.IsCompletion: true } ? "replaces the file" : $"refused ({_folder.Text(reply)})");
        await AddRestartAsync(cancellationToken);
        await AddLargeAsync(cancellationToken);
    }

    private async ValueTask AddRestartAsync(CancellationToken cancellationToken)
    {
        var file = _folder.File("restarted");
        await _server.StoreAsync("STOR", file, "0123456789"u8.ToArray(), 0, cancellationToken);
        var reply = await _server.StoreAsync("STOR", file, "AB"u8.ToArray(), 10, cancellationToken);
        var resumes = await HoldsAsync(file, "0123456789AB", cancellationToken);
        if (resumes)
        {
            _section.Works("Resume a store (REST)");
        }
        else
        {
            _section.Missing("Resume a store (REST)", reply is { Code.IsCompletion: true } ? "gives another file" : $"refused ({_folder.Text(reply)})", "An upload that is broken off begins anew.");
            _server.Site.RestartStore = FtpSupport.No;
        }

        reply = await _server.StoreAsync("STOR", file, "XY"u8.ToArray(), 4, cancellationToken);
        if (await HoldsAsync(file, resumes ? "0123XY6789AB" : "0123XY6789", cancellationToken))
            _section.Works("Change the middle (REST)", "the rest of the file stays");
        else
            _section.Missing("Change the middle (REST)", reply is { Code.IsCompletion: true } ? "the rest of the file is cut off" : $"refused ({_folder.Text(reply)})", "A changed file is sent as a whole.");
    }

    private async ValueTask AddLargeAsync(CancellationToken cancellationToken)
    {
        var large = _folder.File("large");
        var content = new byte[LargeSize];
        new Random(1).NextBytes(content);
        var start = _server.Time.GetTimestamp();
        var reply = await _server.StoreAsync("STOR", large, content, 0, cancellationToken);
        var took = _server.Time.GetElapsedTime(start);
        if (reply is { Code.IsCompletion: true } && (await _server.LookAsync(large, cancellationToken))?.Size is null or LargeSize)
        {
            _section.Works("Store 4 MiB", "whole", took);
            _server.Large = large;
        }
        else
        {
            _section.Problem("Store 4 MiB", $"failed ({_folder.Text(reply)})");
        }
    }

    private async ValueTask AddRenamingAsync(CancellationToken cancellationToken)
    {
        var from = _folder.File("from");
        var to = _folder.File("to");
        await _server.StoreAsync("STOR", from, "new"u8.ToArray(), 0, cancellationToken);
        var replies = await _server.AskAsync([Command("RNFR", from), Command("RNTO", to)], cancellationToken);
        if (!await HoldsAsync(to, "new", cancellationToken))
        {
            _section.Problem("Rename (RNFR, RNTO)", $"refused ({_folder.Text(replies[1])})", "Programs that save under another name and rename cannot save.");
            return;
        }

        _section.Works("Rename (RNFR, RNTO)");
        await _server.StoreAsync("STOR", from, "newer"u8.ToArray(), 0, cancellationToken);
        replies = await _server.AskAsync([Command("RNFR", from), Command("RNTO", to)], cancellationToken);
        if (await HoldsAsync(to, "newer", cancellationToken))
        {
            _section.Works("Rename over a file");
        }
        else
        {
            _section.Missing("Rename over a file", $"refused ({_folder.Text(replies[1])})", "A file is replaced in steps; between them another program may find it missing.");
            _server.Site.AtomicReplace = FtpSupport.No;
        }

        var directory = _folder.Directory("folder-from");
        var moved = _folder.Directory("folder-to");
        replies = await _server.AskAsync([Command("MKD", directory), Command("RNFR", directory), Command("RNTO", moved)], cancellationToken);
        if (replies[2] is { Code.IsCompletion: true })
            _section.Works("Rename a folder");
        else
            _section.Missing("Rename a folder", $"refused ({_folder.Text(replies[2])})", "mv of a folder copies and deletes.");
    }

    private async ValueTask AddRemovingAsync(CancellationToken cancellationToken)
    {
        var replies = await _server.AskAsync([Command("RMD", _folder.Path), Command("CWD", _folder.Path)], cancellationToken);
        if (replies[1] is not { Code.IsCompletion: true })
        {
            _section.Problem("Remove a folder (RMD)", "removes what is in it, too", "rmdir deletes files. Mount this server read-only.", "ro");
            await _folder.MakeAsync(cancellationToken);
            return;
        }

        var file = _folder.File("removed");
        var directory = _folder.Directory("removed-folder");
        await _server.StoreAsync("STOR", file, "1"u8.ToArray(), 0, cancellationToken);
        replies = await _server.AskAsync([Command("DELE", file), Command("MKD", directory), Command("RMD", directory)], cancellationToken);
        Add("Remove a file (DELE)", replies[0]);
        Add("Remove a folder (RMD)", replies[2]);

        void Add(string subject, FtpReply? reply)
        {
            if (reply is { Code.IsCompletion: true })
                _section.Works(subject);
            else
                _section.Problem(subject, $"refused ({_folder.Text(reply)})", "What is written cannot be removed again.");
        }
    }

    private async ValueTask AddLinkAsync(CancellationToken cancellationToken)
    {
        const string Subject = "Symbolic links";
        var link = _folder.File("link");
        foreach (var verb in (string[])["SITE SYMLINK", "SITE LN -s", "SITE LINK"])
        {
            var replies = await _server.AskAsync([Command("CWD", _folder.Path), new FtpCommand(verb, "file link")], cancellationToken);
            if (replies[1] is not { Code.IsCompletion: true })
                continue;
            if (await _server.LookAsync(link, cancellationToken) is { Kind: RemoteKind.Symlink })
                _section.Works(Subject, $"made with {verb}");
            else
                _section.Partly(Subject, $"made with {verb}, and not shown as links", "A link looks like what it points to.");
            return;
        }

        _section.Missing(Subject, "cannot be made", "ln -s fails; tar and git report it for links.");
    }

    private async ValueTask AddCopyAsync(CancellationToken cancellationToken)
    {
        const string Subject = "Copy on the server";
        var copy = _folder.File("copy");
        // The first CPTO fails, and takes away a CPFR that was sent before in looking at links (see FtpFileSystem.Copy).
        var replies = await _server.AskAsync(
            [Command("SITE CPTO", _folder.Path.Combine(new string('-', 300))), Command("SITE CPFR", _folder.Path.Combine("file")), Command("SITE CPTO", copy)], cancellationToken);
        if (await HoldsAsync(copy, "0123456789", cancellationToken))
            _section.Works(Subject, "SITE CPFR, CPTO");
        else
            _section.Missing(Subject, replies[1] is { Code.IsNegative: false } ? $"refused ({_folder.Text(replies[2])})" : "not there", "cp within the mount sends the content over the line twice.");
    }

    private async ValueTask<bool> HoldsAsync(RemotePath path, string content, CancellationToken cancellationToken)
    {
        var (read, _) = await _server.RetrieveAsync(path, 0, null, content.Length + 1, cancellationToken);
        return read is not null && Encoding.ASCII.GetString(read) == content;
    }
}
