using System.Text;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>What changes the server, each tried in the trial folder and looked at afterwards.</summary>
internal sealed class WritingExamination
{
    private const int LargeLength = 4 << 20;

    private static readonly DateTimeOffset SomeTime = new(2020, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private readonly ExaminedServer _server;
    private readonly TrialFolder _folder;
    private readonly CancellationToken _cancellationToken;

    private WritingExamination(ExaminedServer server, TrialFolder folder, CancellationToken cancellationToken)
    {
        _server = server;
        _folder = folder;
        _cancellationToken = cancellationToken;
    }

    private SftpFileSystem Sftp => _server.Sftp;

    public static async ValueTask<IReadOnlyList<ProfileSection>> RunAsync(ExaminedServer server, TrialFolder folder, CancellationToken cancellationToken)
    {
        server.Report("writing");
        var content = new SectionBuilder("Writing");
        var (took, failure) = await server.TryAsync(() => folder.MakeAsync(cancellationToken)).ConfigureAwait(false);
        if (failure is not null)
        {
            content.Problem("Make a folder", ExaminedServer.Why(failure), "Nothing can be written here. Mount it read-only.", "ro");
            return [content.Section];
        }

        content.Works("Make a folder", time: took);
        var examination = new WritingExamination(server, folder, cancellationToken);
        await examination.AddContentAsync(content).ConfigureAwait(false);
        var names = new SectionBuilder("Names");
        await examination.AddRenamingAsync(names).ConfigureAwait(false);
        await examination.AddNamesAsync(names).ConfigureAwait(false);
        await examination.AddRemovingAsync(names).ConfigureAwait(false);
        var attributes = new SectionBuilder("Attributes and links");
        await examination.AddAttributesAsync(attributes).ConfigureAwait(false);
        await examination.AddLinksAsync(attributes).ConfigureAwait(false);
        return [content.Section, names.Section, attributes.Section];
    }

    private async ValueTask AddContentAsync(SectionBuilder section)
    {
        var file = _folder["file"];
        await AddAsync(section, "Store a file", FindingLevel.Problem, "Nothing can be written here.", () => StoreAsync(file, "01234", StoreMode.Whole, 0), () => HoldsAsync(file, "01234")).ConfigureAwait(false);
        await AddAsync(section, "Append", FindingLevel.Missing, null, () => StoreAsync(file, "56789", StoreMode.Append, 0), () => HoldsAsync(file, "0123456789")).ConfigureAwait(false);
        await AddAsync(section, "Resume a store", FindingLevel.Missing, "An upload that is broken off begins anew.", () => StoreAsync(file, "AB", StoreMode.Resume, 10), () => HoldsAsync(file, "0123456789AB")).ConfigureAwait(false);
        await AddAsync(section, "Change the middle", FindingLevel.Missing, "A changed file is sent as a whole.", () => StoreAsync(file, "XY", StoreMode.Patch, 4), () => HoldsAsync(file, "0123XY6789AB")).ConfigureAwait(false);
        await AddAsync(section, "Cut off the end", FindingLevel.Missing, "A file that is made shorter is sent as a whole.", () => SetAsync(file, new RemoteAttributeChange { Size = 4 }), () => HoldsAsync(file, "0123")).ConfigureAwait(false);
        if (_server.Site.Has(SftpExtensions.Fsync))
            await AddAsync(section, "Bring it to the disk (fsync)", FindingLevel.Problem, "fsync fails.", () => Sftp.SyncFileAsync(file, Lane.Write, _cancellationToken), null).ConfigureAwait(false);
        if (_server.Site.Has(SftpExtensions.CopyData))
        {
            await AddAsync(
                section, "Copy on the server", FindingLevel.Missing, "cp within the mount sends the content over the line twice.",
                () => Sftp.CopyAsync(file, _folder["copy"], 4, Lane.Write, _cancellationToken), () => HoldsAsync(_folder["copy"], "0123")).ConfigureAwait(false);
        }

        var large = _folder["large"];
        var content = new byte[LargeLength];
        new Random(1).NextBytes(content);
        await AddAsync(
            section, "Store 4 MiB", FindingLevel.Problem, "Large files do not arrive.",
            () => _server.StoreAsync(large, content, StoreMode.Whole, 0, _cancellationToken),
            async () => (await Sftp.StatAsync(large, Lane.Interactive, _cancellationToken).ConfigureAwait(false)).Size == LargeLength).ConfigureAwait(false);
        if (section.Section.Findings[^1].Level == FindingLevel.Works)
        {
            _server.Sample = await Sftp.StatAsync(large, Lane.Interactive, _cancellationToken).ConfigureAwait(false);
            _server.SamplePath = large;
        }
    }

    private async ValueTask AddRenamingAsync(SectionBuilder section)
    {
        var from = _folder["from"];
        var to = _folder["to"];
        await PrepareAsync(from, "new").ConfigureAwait(false);
        await AddAsync(
            section, "Rename", FindingLevel.Problem, "Programs that save under another name and rename cannot save.",
            () => Sftp.RenameAsync(from, to, replace: false, Lane.Interactive, _cancellationToken), () => HoldsAsync(to, "new")).ConfigureAwait(false);
        await PrepareAsync(from, "newer").ConfigureAwait(false);
        await AddAsync(
            section, "Rename over a file", FindingLevel.Problem, "Programs that save under another name and rename cannot save.",
            () => Sftp.RenameAsync(from, to, replace: true, Lane.Interactive, _cancellationToken), () => HoldsAsync(to, "newer")).ConfigureAwait(false);
        await PrepareAsync(from, "other").ConfigureAwait(false);
        var (_, failure) = await _server.TryAsync(() => Sftp.RenameAsync(from, to, replace: false, Lane.Interactive, _cancellationToken)).ConfigureAwait(false);
        if (failure?.Error == RemoteError.AlreadyExists && await HoldsAsync(to, "newer").ConfigureAwait(false))
            section.Works("Rename without replacing");
        else
            section.Problem("Rename without replacing", failure is null ? "replaces" : ExaminedServer.Why(failure), "mv -n may replace a file.");
        await _server.TryAsync(() => Sftp.CreateDirectoryAsync(_folder["folder-from"], Lane.Interactive, _cancellationToken)).ConfigureAwait(false);
        await AddAsync(
            section, "Rename a folder", FindingLevel.Missing, "mv of a folder copies and deletes.",
            () => Sftp.RenameAsync(_folder["folder-from"], _folder["folder-to"], replace: false, Lane.Interactive, _cancellationToken),
            async () => (await Sftp.StatAsync(_folder["folder-to"], Lane.Interactive, _cancellationToken).ConfigureAwait(false)).Kind == RemoteKind.Directory).ConfigureAwait(false);
    }

    private async ValueTask AddNamesAsync(SectionBuilder section)
    {
        await AddNameAsync(section, "Letters beyond ASCII", "Grüße-日本", "Names are kept only where the server takes them: encoding= names its charset.").ConfigureAwait(false);
        await AddNameAsync(section, "Spaces and signs", " a \"b\" *?[c] ", null).ConfigureAwait(false);
        await AddNameAsync(section, "Control characters", "tab\tbell\u0007", "Such names cannot be made; they are rare.").ConfigureAwait(false);
        await AddNameAsync(section, "255 bytes", new string('n', 255), "Long names cannot be made.").ConfigureAwait(false);
        await PrepareAsync(_folder["case"], "small").ConfigureAwait(false);
        await PrepareAsync(_folder["CASE"], "LARGE").ConfigureAwait(false);
        if (await HoldsAsync(_folder["case"], "small").ConfigureAwait(false))
            section.Works("Large and small letters", "are different");
        else
            section.Partly("Large and small letters", "are the same", "Two names that differ in that alone are one file.");
    }

    /// <summary>Makes a file and looks for its name in the listing.</summary>
    private ValueTask AddNameAsync(SectionBuilder section, string subject, string name, string? meaning) => AddAsync(
        section,
        subject,
        FindingLevel.Missing,
        meaning,
        () => StoreAsync(_folder[name], "x", StoreMode.Whole, 0),
        async () =>
        {
            await foreach (var entry in Sftp.ListAsync(_folder.Path, Lane.Interactive, _cancellationToken).ConfigureAwait(false))
            {
                if (entry.Name == name)
                    return true;
            }

            return false;
        });

    private async ValueTask AddRemovingAsync(SectionBuilder section)
    {
        await PrepareAsync(_folder["removed"], "x").ConfigureAwait(false);
        await AddAsync(
            section, "Remove a file", FindingLevel.Problem, "What is written cannot be removed again.",
            () => Sftp.DeleteFileAsync(_folder["removed"], Lane.Interactive, _cancellationToken), () => IsGoneAsync(_folder["removed"])).ConfigureAwait(false);
        var folder = _folder["removed-folder"];
        await _server.TryAsync(() => Sftp.CreateDirectoryAsync(folder, Lane.Interactive, _cancellationToken)).ConfigureAwait(false);
        await PrepareAsync(folder.Combine("file"), "x").ConfigureAwait(false);
        var (_, failure) = await _server.TryAsync(() => Sftp.RemoveDirectoryAsync(folder, Lane.Interactive, _cancellationToken)).ConfigureAwait(false);
        if (failure is null)
        {
            section.Problem("Remove a folder", "removes what is in it, too", "rmdir deletes files. Mount this server read-only.", "ro");
            return;
        }

        await _server.TryAsync(() => Sftp.DeleteFileAsync(folder.Combine("file"), Lane.Interactive, _cancellationToken)).ConfigureAwait(false);
        await AddAsync(
            section, "Remove a folder", FindingLevel.Problem, "Folders cannot be removed again.",
            () => Sftp.RemoveDirectoryAsync(folder, Lane.Interactive, _cancellationToken), () => IsGoneAsync(folder)).ConfigureAwait(false);
    }

    private async ValueTask AddAttributesAsync(SectionBuilder section)
    {
        var file = _folder["attributes"];
        await PrepareAsync(file, "x").ConfigureAwait(false);
        await AddAsync(
            section, "Permissions", FindingLevel.Missing, "chmod fails or has no effect.",
            () => SetAsync(file, new RemoteAttributeChange { Mode = 0x180 }), // 0600
            async () => (await Sftp.StatAsync(file, Lane.Interactive, _cancellationToken).ConfigureAwait(false)).Mode == 0x180).ConfigureAwait(false);
        await AddAsync(
            section, "Times", FindingLevel.Missing, "cp -p, tar and rsync cannot keep times.",
            () => SetAsync(file, new RemoteAttributeChange { Modified = SomeTime }),
            async () => (await Sftp.StatAsync(file, Lane.Interactive, _cancellationToken).ConfigureAwait(false)).Modified?.Value == SomeTime).ConfigureAwait(false);
        var entry = await Sftp.StatAsync(file, Lane.Interactive, _cancellationToken).ConfigureAwait(false);
        if (entry is { UserId: { } user, GroupId: { } group })
        {
            await AddAsync(
                section, "Owner (the same again)", FindingLevel.Missing, "chown fails.",
                () => SetAsync(file, new RemoteAttributeChange { UserId = user, GroupId = group }), null).ConfigureAwait(false);
        }
    }

    private async ValueTask AddLinksAsync(SectionBuilder section)
    {
        var link = _folder["link"];
        await PrepareAsync(_folder["target"], "x").ConfigureAwait(false);
        await AddAsync(
            section, "Symbolic links", FindingLevel.Missing, "ln -s fails; tar and git report it for links.",
            () => Sftp.CreateSymlinkAsync(link, "target", Lane.Interactive, _cancellationToken),
            async () => await Sftp.ReadLinkAsync(link, Lane.Interactive, _cancellationToken).ConfigureAwait(false) == "target").ConfigureAwait(false);
        if (section.Section.Findings[^1].Level == FindingLevel.Works)
            await AddLinkListingAsync(section, link).ConfigureAwait(false);
        if (_server.Site.Has(SftpExtensions.Lsetstat))
        {
            await AddAsync(
                section, "Times of links themselves", FindingLevel.Missing, "cp -a and tar cannot keep the times of links.",
                () => SetAsync(link, new RemoteAttributeChange { Modified = SomeTime }),
                async () => (await Sftp.StatAsync(link, Lane.Interactive, _cancellationToken).ConfigureAwait(false)).Modified?.Value == SomeTime).ConfigureAwait(false);
        }

        if (_server.Site.Has(SftpExtensions.Hardlink))
        {
            await AddAsync(
                section, "Hard links", FindingLevel.Missing, "ln fails.",
                () => Sftp.CreateHardLinkAsync(_folder["target"], _folder["second"], Lane.Interactive, _cancellationToken), () => HoldsAsync(_folder["second"], "x")).ConfigureAwait(false);
        }
    }

    /// <summary>ProFTPD lists a link as what it leads to.</summary>
    private async ValueTask AddLinkListingAsync(SectionBuilder section, RemotePath link)
    {
        await foreach (var entry in Sftp.ListAsync(_folder.Path, Lane.Interactive, _cancellationToken).ConfigureAwait(false))
        {
            if (entry.Name != link.Name)
                continue;
            if (entry.Kind == RemoteKind.Symlink)
                section.Works("Links in listings", "are told as links");
            else
                section.Partly("Links in listings", "look like what they lead to", "A link is seen as one when it is looked up by its name.");
        }
    }

    private async ValueTask AddAsync(
        SectionBuilder section, string subject, FindingLevel otherwise, string? meaning, Func<ValueTask> action, Func<ValueTask<bool>>? check)
    {
        var isRight = true;
        var (took, failure) = await _server.TryAsync(action).ConfigureAwait(false);
        if (failure is null && check is not null)
            (_, failure) = await _server.TryAsync(async () => isRight = await check().ConfigureAwait(false)).ConfigureAwait(false);
        var result = failure is not null ? ExaminedServer.Why(failure) : "seems to work, but has not the effect";
        if (failure is null && isRight)
            section.Works(subject, time: took);
        else if (otherwise == FindingLevel.Problem)
            section.Problem(subject, result, meaning);
        else
            section.Missing(subject, result, meaning);
    }

    private ValueTask StoreAsync(RemotePath path, string content, StoreMode mode, long offset) => _server.StoreAsync(path, Encoding.ASCII.GetBytes(content), mode, offset, _cancellationToken);

    private ValueTask SetAsync(RemotePath path, RemoteAttributeChange change) => Sftp.SetAttributesAsync(path, change, Lane.Interactive, _cancellationToken);

    /// <summary>Makes a file that something is tried with; when it cannot be made, the trial shows it.</summary>
    private async ValueTask PrepareAsync(RemotePath path, string content) => await _server.TryAsync(() => StoreAsync(path, content, StoreMode.Whole, 0)).ConfigureAwait(false);

    private async ValueTask<bool> HoldsAsync(RemotePath path, string content) =>
        Encoding.ASCII.GetString(await _server.ReadAsync(path, 0, content.Length + 1, _cancellationToken).ConfigureAwait(false)) == content;

    private async ValueTask<bool> IsGoneAsync(RemotePath path)
    {
        var (_, failure) = await _server.TryAsync(async () => await Sftp.StatAsync(path, Lane.Interactive, _cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return failure?.Error == RemoteError.NotFound;
    }
}
