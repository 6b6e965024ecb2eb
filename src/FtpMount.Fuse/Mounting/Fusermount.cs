using System.Globalization;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Native;

namespace FtpMount.Fuse.Mounting;

/// <summary>
/// Mounts and unmounts for ordinary users through <c>fusermount3</c> of the package fuse3, which is setuid root: it opens
/// <c>/dev/fuse</c>, mounts, and sends the open descriptor back (SCM_RIGHTS) through the socket whose number is in
/// <c>_FUSE_COMMFD</c>.
/// </summary>
internal static unsafe class Fusermount
{
    private const string Program = "fusermount3";
    private const string AdministratorConfiguration = "/etc/fuse.conf";
    private const string Device = "/dev/fuse";

    /// <summary>Mounts.</summary>
    /// <returns>The descriptor of <c>/dev/fuse</c>.</returns>
    /// <exception cref="FuseMountException">It could not.</exception>
    public static int Mount(string path, FuseMountOptions options)
    {
        CheckDevice();
        if (options.AllowOther && LibC.EffectiveUserId() != 0 && !MayAllowOther())
            throw new FuseMountException(FuseMountError.NoPermission, $"allow-other: ordinary users may use it only when the administrator has put the line user_allow_other into {AdministratorConfiguration}.");

        var program = Find() ?? throw Missing();
        var sockets = stackalloc int[2];
        if (LibC.SocketPair(LibC.AddressFamilyUnix, LibC.SocketStream | LibC.SocketCloseOnExec, 0, sockets) != 0)
            throw new FuseMountException(FuseMountError.Failed, $"No socket for {Program}: {LibC.Describe(Marshal.GetLastPInvokeError())}.");
        var (ours, theirs) = (sockets[0], sockets[1]);
        try
        {
            ChildProcess child;
            try
            {
                child = ChildProcess.Start(program, ["-o", OptionText(options), "--", path], string.Create(CultureInfo.InvariantCulture, $"_FUSE_COMMFD={theirs}"), theirs);
            }
            catch (IOException e)
            {
                throw new FuseMountException(FuseMountError.NoFusermount, e.Message, e);
            }
            finally
            {
                _ = LibC.Close(theirs);
            }

            using (child)
            {
                var code = child.WaitForExit(options.Timeout, out var error);

                // What was sent waits in the socket; a descriptor says more than the exit code.
                var descriptor = ReceiveDescriptor(ours);
                return descriptor >= 0 ? descriptor : throw Refused(path, error, code);
            }
        }
        finally
        {
            _ = LibC.Close(ours);
        }
    }

    /// <summary>Unmounts.</summary>
    /// <param name="path">The mount point.</param>
    /// <param name="lazy">Whether to take the name away at once although files are open.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <returns>Null, or why it could not.</returns>
    public static string? Unmount(string path, bool lazy, TimeSpan timeout)
    {
        if (Find() is not { } program)
            return Missing().Message;
        try
        {
            using var child = ChildProcess.Start(program, [lazy ? "-uz" : "-u", "--", path], variable: null, inherited: -1);
            var code = child.WaitForExit(timeout, out var error);
            return code == 0 ? null : error.Length > 0 ? error : string.Create(CultureInfo.InvariantCulture, $"{Program} ended with code {code}");
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>The mount options as one text; commas and backslashes in names are escaped as fusermount3 expects.</summary>
    internal static string OptionText(FuseMountOptions options)
    {
        List<string> text = [$"fsname={Escape(options.Source)}", $"subtype={Escape(options.SubType)}", "nosuid", "nodev", options.ReadOnly ? "ro" : "rw"];
        if (options.AllowOther)
            text.Add("allow_other");
        if (options.DefaultPermissions)
            text.Add("default_permissions");
        return string.Join(',', text);

        static string Escape(string name) => name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);
    }

    private static void CheckDevice()
    {
        if (!File.Exists(Device))
            throw new FuseMountException(FuseMountError.NoDevice, $"{Device} does not exist: the kernel has no FUSE. Try: sudo modprobe fuse (in a container: give it the device {Device}).");
        const int MayReadAndWrite = 6;
        if (LibC.Access(Device, MayReadAndWrite) != 0)
            throw new FuseMountException(FuseMountError.NoPermission, $"{Device} may not be opened by this user. Try: sudo chmod 666 {Device} (or join the group that owns it).");
    }

    private static FuseMountException Missing() =>
        new(FuseMountError.NoFusermount, $"{Program} was not found, and ordinary users need it to mount. Install the package fuse3.");

    private static FuseMountException Refused(string path, string error, int code)
    {
        if (error.Length == 0)
            error = string.Create(CultureInfo.InvariantCulture, $"{Program} ended with code {code}");
        var noPermission = error.Contains("ermission denied", StringComparison.Ordinal) || error.Contains("not permitted", StringComparison.Ordinal) || error.Contains("no write access", StringComparison.Ordinal);
        return new FuseMountException(noPermission ? FuseMountError.NoPermission : FuseMountError.Failed, $"{path}: {error}.");
    }

    private static bool MayAllowOther()
    {
        try
        {
            return File.ReadLines(AdministratorConfiguration).Any(static line => line.Trim() == "user_allow_other");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? Find()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Append("/usr/bin").Append("/bin").Where(Path.IsPathRooted).Select(static folder => Path.Combine(folder, Program)).FirstOrDefault(File.Exists);
    }

    /// <summary>The descriptor in the socket, or -1 when there is none.</summary>
    private static int ReceiveDescriptor(int socket)
    {
        byte data = 0;
        var control = default(ControlMessage);
        var vector = new IoVector { Base = &data, Length = 1 };
        var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = (byte*)&control, ControlLength = (nuint)sizeof(ControlMessage) };
        const int DoNotWait = 0x40;
        var received = LibC.ReceiveMessage(socket, &message, LibC.ReceiveCloseOnExec | DoNotWait);
        return received > 0 && message.ControlLength > 0 && control.Level == LibC.SocketLevel && control.Type == LibC.RightsMessage
            ? control.Descriptor
            : -1;
    }
}
