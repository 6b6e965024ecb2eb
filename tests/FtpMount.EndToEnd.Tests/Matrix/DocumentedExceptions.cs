using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>
/// All documented exceptions. A mount must behave in exactly this way: a case that is listed and holds after all fails the test, so
/// that the list stays true.
/// </summary>
public static class DocumentedExceptions
{
    private const string NotUtf8 = "pyftpdlib replaces the bytes of a name that are not UTF-8 by question marks.";

    private const string NoTimes = "The server has no command that sets the time of a file.";

    private const string NoModes = "busybox ftpd has no command that sets the mode; it makes files with 0644 and directories with 0755.";

    private const string QuestionMarks = "busybox ftpd lists what has no glyph as question marks: such a file could not be found again.";

    private static readonly IReadOnlyList<string> Ftp = WorkPlace.Ftp;

    private static readonly IReadOnlyList<string> Sftp = WorkPlace.Sftp;

    private static readonly IReadOnlyList<string> Everywhere = [.. Ftp, .. Sftp];

    private static readonly IReadOnlyList<string> Main = [.. FtpServerKinds.All.Select(kind => kind.ToString())];

    private static readonly IReadOnlyList<string> ListOnly = [.. FtpServerKinds.ListOnly.Select(kind => kind.ToString())];

    private static readonly IReadOnlyList<string> WithoutSymlink = [.. Ftp.Where(name => name != nameof(FtpServerKind.ProFtpd))];

    /// <summary>Cases that begin with a link to what is there.</summary>
    private static readonly string[] LinkedToWhatIsThere =
    [
        "Unlink_of_a_symlink_leaves_its_target",
        "Rename_of_a_symlink_moves_the_link",
        "Rename_over_a_symlink_replaces_the_link_and_not_its_target",
        "Chmod_and_truncate_by_a_symlink_change_its_target",
        "Utimens_by_a_symlink_changes_its_target",
        "A_symlink_to_a_directory_is_walked_through",
    ];

    /// <summary>Cases that begin with a link to what is not there.</summary>
    private static readonly string[] LinkedToNothing =
    [
        "Lstat_of_a_symlink_tells_of_the_link_and_stat_of_the_file",
        "A_symlink_that_leads_nowhere_can_be_read_and_removed_and_not_opened",
        "O_CREAT_through_a_symlink_makes_its_target",
        "O_EXCL_does_not_follow_a_symlink",
        "A_circle_of_symlinks_fails_with_ELOOP",
    ];

    /// <summary>The list.</summary>
    public static IReadOnlyList<DocumentedException> All { get; } =
    [
        .. LinkedToWhatIsThere.Select(name => new DocumentedException(name, WithoutSymlink, "EPERM", "The server has no command that makes a symbolic link.")),
        .. LinkedToNothing.Select(name => new DocumentedException(name, WithoutSymlink, "EPERM", "The server has no command that makes a symbolic link.")),
        .. LinkedToNothing.Select(name => new DocumentedException(name, [nameof(FtpServerKind.ProFtpd)], "EPERM", "ProFTPD makes no link to what is not there.")),
        new("Symlink_makes_a_link", WithoutSymlink, "EPERM", "The server has no command that makes a symbolic link."),
        new("O_NOFOLLOW_on_a_link_fails_with_ELOOP", WithoutSymlink, "EPERM", "The server has no command that makes a symbolic link."),
        new("Link_makes_a_second_name", Ftp, "EPERM", "FTP has no command that makes a hard link."),
        new("Link_makes_a_second_name", Sftp, "1", "SFTP version 3 has no link counts: the link is made, and the count shown is 1."),
        new("Mknod_makes_a_fifo", Everywhere, "EPERM", "Neither protocol makes other than files, directories and links."),
        new("Mknod_makes_a_socket", Everywhere, "EPERM", "Neither protocol makes other than files, directories and links."),
        new("Chown_changes_the_owner", Ftp, "EPERM", "FTP shows owners as names of the server, which are no numbers of this machine."),
        new("Chown_changes_the_owner", Sftp, "EPERM", "The server lets only root give files away."),
        new("Utimens_sets_nanoseconds", [.. Main, .. Sftp], "0", "FTP and SFTP version 3 carry times in whole seconds."),
        new("Extended_attributes_are_kept", Everywhere, "ENOTSUP", "Neither FTP nor SFTP has a place for extended attributes."),
        new("O_TMPFILE_makes_a_file_without_a_name", Everywhere, "ENOTSUP", "The kernel protocol leaves it out; programs fall back to a named file."),
        new("Rename_with_EXCHANGE_swaps_two_names", Everywhere, "EINVAL", "Neither FTP nor SFTP can swap two names in one step."),
        new("Fallocate_punches_holes", Everywhere, "ENOTSUP", "Files on the server cannot be made sparse."),
        new("Fallocate_zeroes_a_range", Everywhere, "ENOTSUP", "Files on the server cannot be made sparse; programs fall back to writing zeroes."),
        new("Syncfs_puts_an_open_file_on_the_server", Everywhere, "other content", "The kernel does not pass sync(2) and syncfs(2) on to FUSE file systems; fsync(2) and close(2) reach the server."),
        new("Utimens_of_a_directory_reaches_the_server", [nameof(FtpServerKind.Vsftpd), nameof(FtpServerKind.Pyftpdlib), .. ListOnly], "other time", "The server sets the times of files only, or none; the mount keeps a directory's time for as long as it lasts."),
        new("Utimens_sets_whole_seconds", ListOnly, "EPERM", NoTimes),
        new("Utimens_sets_nanoseconds", ListOnly, "EPERM", NoTimes),
        new("Utimens_sets_the_present_or_leaves_a_time_alone", ListOnly, "EPERM", NoTimes),
        new("Reading_leaves_the_modification_time_alone_and_writing_does_not", ListOnly, "EPERM", NoTimes),
        new("A_time_that_was_set_on_an_open_file_survives_its_close", ListOnly, "EPERM", NoTimes),
        new("A_write_after_utimens_sets_the_present_again", ListOnly, "EPERM", NoTimes),
        new("Rename_keeps_inode_and_modification_time", ListOnly, "EPERM", NoTimes),
        new("Chmod_changes_the_mode", [nameof(FtpServerKind.BusyboxFtpd)], "EPERM", NoModes),
        new("Chmod_reaches_the_server", [nameof(FtpServerKind.BusyboxFtpd)], "EPERM", NoModes),
        new("Chmod_of_an_open_file_survives_its_close", [nameof(FtpServerKind.BusyboxFtpd)], "EPERM", NoModes),
        new("A_changed_file_keeps_its_mode", [nameof(FtpServerKind.BusyboxFtpd)], "EPERM", NoModes),
        new("Mkdir_gives_the_requested_mode", [nameof(FtpServerKind.BusyboxFtpd)], "493", NoModes),
        new("O_CREAT_obeys_the_umask", [nameof(FtpServerKind.BusyboxFtpd)], "420", NoModes, MayHold: true),
        new("O_CREAT_gives_the_requested_mode", [nameof(FtpServerKind.BusyboxFtpd)], "420", NoModes, MayHold: true),
        new("Name_with_a_tab", [nameof(FtpServerKind.BusyboxFtpd)], "EINVAL", QuestionMarks),
        new("Name_with_a_control_character", [nameof(FtpServerKind.BusyboxFtpd)], "EINVAL", QuestionMarks),
        new("Name_in_Latin1", [nameof(FtpServerKind.BusyboxFtpd)], "EINVAL", QuestionMarks),
        new("Name_that_is_a_cut_off_character", [nameof(FtpServerKind.BusyboxFtpd)], "EINVAL", QuestionMarks),
        new("Name_with_the_byte_255", [nameof(FtpServerKind.BusyboxFtpd)], "EINVAL", QuestionMarks),
        new("Name_with_the_bytes_255_and_244", [nameof(FtpServerKind.BusyboxFtpd)], "EINVAL", QuestionMarks),
        new("Name_with_brackets_and_patterns", [nameof(FtpServerKind.ProFtpd)], "EINVAL", "ProFTPD makes no directory with an asterisk in its name."),
        new("Name_with_a_trailing_space", [nameof(FtpServerKind.PureFtpd)], "EINVAL", "Pure-FTPd turns a trailing space into an underscore."),
        new("Name_that_is_a_space", [nameof(FtpServerKind.PureFtpd)], "EINVAL", "Pure-FTPd turns a trailing space into an underscore."),
        new("Name_with_a_backslash", [nameof(FtpServerKind.PureFtpd)], "EINVAL", "Pure-FTPd turns a backslash into an underscore."),
        new("Name_with_a_tab", [nameof(FtpServerKind.PureFtpd)], "EINVAL", "Pure-FTPd turns control characters into underscores."),
        new("Name_with_a_control_character", [nameof(FtpServerKind.PureFtpd)], "EINVAL", "Pure-FTPd turns control characters into underscores."),
        new("Name_in_Latin1", [nameof(FtpServerKind.Pyftpdlib)], "EINVAL", NotUtf8),
        new("Name_that_is_a_cut_off_character", [nameof(FtpServerKind.Pyftpdlib)], "EINVAL", NotUtf8),
        new("Name_with_the_byte_255", [nameof(FtpServerKind.Pyftpdlib)], "EINVAL", NotUtf8),
        new("Name_with_the_bytes_255_and_244", [nameof(FtpServerKind.Pyftpdlib)], "EINVAL", NotUtf8),
        new("Name_with_a_line_feed", Everywhere, "EINVAL", "An FTP command ends at the line feed; SFTP mounts keep to the same names."),
        new("Name_with_a_carriage_return", Everywhere, "EINVAL", "An FTP command ends at the carriage return; SFTP mounts keep to the same names."),
    ];

    /// <summary>The exception for a case on a server, if there is one.</summary>
    public static DocumentedException? Find(string @case, string server) =>
        All.FirstOrDefault(exception => exception.Case == @case && exception.Servers.Contains(server));
}
