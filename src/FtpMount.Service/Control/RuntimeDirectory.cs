using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FtpMount.Service.Posix;

namespace FtpMount.Service.Control;

/// <summary>
/// The folder of a user's control sockets. It follows from the user alone, not from HOME, XDG_* or a namespace of the network:
/// <c>/run/ftpmount</c> for root, <c>/run/user/UID/ftpmount</c> for others, <c>/tmp/ftpmount-UID</c> where those are not to be had.
/// Only a folder that belongs to the user and is closed to others is used.
/// </summary>
public static class RuntimeDirectory
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The user that this process acts as.</summary>
    public static uint CurrentUser => PosixCalls.geteuid();

    /// <summary>The folders in which a user's sockets can be, those first that are preferred.</summary>
    public static IReadOnlyList<string> CandidatesFor(uint user)
    {
        var id = user.ToString(CultureInfo.InvariantCulture);
        return [user == 0 ? "/run/ftpmount" : $"/run/user/{id}/ftpmount", $"/tmp/ftpmount-{id}"];
    }

    /// <summary>The folder for new sockets of this user; made when it does not exist.</summary>
    /// <exception cref="MountException">None can be used.</exception>
    public static string Open()
    {
        var user = CurrentUser;
        var problems = new List<string>();
        foreach (var directory in CandidatesFor(user))
        {
            if (!Directory.Exists(Path.GetDirectoryName(directory)))
                continue;
            try
            {
                Directory.CreateDirectory(directory, Private);
                if (IsTrusted(directory, user))
                    return directory;
                problems.Add($"{directory} does not belong to this user or is open to others");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                problems.Add(exception.Message);
            }
        }

        throw new MountException($"No folder for the control socket: {string.Join("; ", problems)}");
    }

    /// <summary>Whether a folder is the user's own and closed to others.</summary>
    public static bool IsTrusted(string directory, uint user) =>
        FileIdentity.TryGet(directory, out var identity, out _) && identity.IsDirectory && identity.UserId == user && !identity.IsOpenToOthers;

    /// <summary>The name of the socket of a mount.</summary>
    /// <param name="mountPoint">Its canonical path.</param>
    public static string SocketName(string mountPoint) => Key(mountPoint) + ".sock";

    /// <summary>The name of the file that is locked while a process makes or serves a mount.</summary>
    /// <param name="mountPoint">Its canonical path.</param>
    public static string LockName(string mountPoint) => Key(mountPoint) + ".lock";

    private static string Key(string mountPoint) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(mountPoint)).AsSpan(0, 16));
}
