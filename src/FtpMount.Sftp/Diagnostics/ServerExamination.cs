using System.Globalization;
using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>What the server says of itself: its extensions, and what each of them is good for.</summary>
internal static class ServerExamination
{
    private static readonly (SftpExtensions Extension, string Subject, string Meaning)[] Useful =
    [
        (SftpExtensions.PosixRename, "Rename over a file in one step", "A file is replaced in steps; between them another program may find it missing."),
        (SftpExtensions.Statvfs, "Free space", "df shows an invented size; a full server shows when a file is written."),
        (SftpExtensions.Hardlink, "Hard links", "ln fails with \"not supported\"."),
        (SftpExtensions.Lsetstat, "Times of links themselves", "cp -a and tar cannot keep the times of links."),
        (SftpExtensions.Fsync, "Bringing files to its disk", "fsync returns when the server has the content, which a power cut there may still lose."),
        (SftpExtensions.CopyData, "Copy on the server", "cp within the mount sends the content over the line twice."),
        (SftpExtensions.Limits, "The size of requests", "Requests carry 32 KiB, which costs some speed on a fast line."),
    ];

    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, CancellationToken cancellationToken)
    {
        var section = new SectionBuilder("Server");
        var connection = await server.ConnectionAsync(cancellationToken).ConfigureAwait(false);
        section.Fact("Software", server.Software ?? "not told");
        section.Fact("SFTP version", "3");
        section.Fact("Extensions", connection.Announced.Count > 0 ? string.Join(", ", connection.Announced) : "none");
        section.Fact("Folder shown", server.Sftp.Root.Value);
        await AddLoginAsync(section, server, connection, cancellationToken).ConfigureAwait(false);
        foreach (var (extension, subject, meaning) in Useful)
        {
            if (!server.Site.Has(extension))
                section.Missing(subject, "not offered", meaning);
            else if (extension == SftpExtensions.Limits)
                section.Works(subject, Sizes(connection.Limits));
            else
                section.Works(subject);
        }

        if (server.Site.Has(SftpExtensions.CheckFileName))
            section.Works("Checksums", "told by the server");
        else
            section.Fact("Checksums", "not told: uploads are checked by their size, and SSH protects what is on the way");
        return section.Section;
    }

    private static string Sizes(SftpLimits limits) => string.Create(
        CultureInfo.InvariantCulture,
        $"reads of {limits.ReadLength >> 10} KiB, writes of {limits.WriteLength >> 10} KiB{(limits.OpenHandles > 0 ? $", {limits.OpenHandles} files open at once" : "")}");

    /// <summary>Who owns the login folder, by name where the server tells (users-groups-by-id@openssh.com, OpenSSH PROTOCOL section 4.11).</summary>
    private static async ValueTask AddLoginAsync(SectionBuilder section, ExaminedServer server, SftpConnection connection, CancellationToken cancellationToken)
    {
        const string Subject = "The login folder belongs to";
        var (attributes, _) = await connection.AttributesAsync(SftpPacketType.Lstat, "."u8.ToArray(), cancellationToken).ConfigureAwait(false);
        if (attributes?.Owner is not { } owner)
        {
            section.Missing(Subject, "not told", "Files seem to belong to whoever mounts.");
            return;
        }

        var text = string.Create(CultureInfo.InvariantCulture, $"user {owner.User}, group {owner.Group}");
        if (server.Site.Has(SftpExtensions.UsersGroupsById) && await NamesAsync(connection, owner, cancellationToken).ConfigureAwait(false) is { } names)
            text = string.Create(CultureInfo.InvariantCulture, $"user {owner.User} ({names.User}), group {owner.Group} ({names.Group})");
        section.Fact(Subject, text);
    }

    private static async ValueTask<(string User, string Group)?> NamesAsync(SftpConnection connection, (uint User, uint Group) owner, CancellationToken cancellationToken)
    {
        using var request = connection.Rent(SftpExtensionNames.UsersGroupsById).Write(4u).Write(owner.User).Write(4u).Write(owner.Group);
        await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return request.ReplyType == SftpPacketType.ExtendedReply ? Read(request) : null;

        static (string, string) Read(SftpRequest request)
        {
            // Two strings, each a list of names.
            var reply = new SftpPacketReader(request.Body);
            var users = new SftpPacketReader(reply.ReadString());
            var groups = new SftpPacketReader(reply.ReadString());
            return (SftpSite.Printable(users.ReadString()), SftpSite.Printable(groups.ReadString()));
        }
    }
}
