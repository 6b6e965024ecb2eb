using System.Globalization;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Native;

namespace FtpMount.Fuse.Mounting;

/// <summary>Mounts with mount(2), as root.</summary>
internal static class KernelMount
{
    private const string Device = "/dev/fuse";

    /// <summary>Opens the device and mounts.</summary>
    /// <returns>The descriptor of the device; -1 when this root may not mount (a container without CAP_SYS_ADMIN).</returns>
    /// <exception cref="FuseMountException">It could not.</exception>
    public static int Mount(string path, FuseMountOptions options)
    {
        var descriptor = LibC.Open(Device, LibC.OpenReadWrite | LibC.OpenCloseOnExec);
        if (descriptor < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw (Errno)errno is Errno.EACCES or Errno.EPERM
                ? new FuseMountException(FuseMountError.NoPermission, $"{Device} may not be opened: {LibC.Describe(errno)}. In a container, give it the device {Device}.")
                : new FuseMountException(FuseMountError.NoDevice, $"{Device} cannot be opened: {LibC.Describe(errno)}. Try: modprobe fuse (in a container: give it the device {Device}).");
        }

        var flags = LibC.MountNoSuid | LibC.MountNoDev | (options.ReadOnly ? LibC.MountReadOnly : 0);
        if (LibC.Mount(options.Source, path, "fuse." + options.SubType, flags, OptionText(descriptor, options)) == 0)
            return descriptor;

        var mountErrno = Marshal.GetLastPInvokeError();
        _ = LibC.Close(descriptor);
        return (Errno)mountErrno switch
        {
            Errno.EPERM or Errno.EACCES => -1,
            Errno.ENODEV => throw new FuseMountException(FuseMountError.NoDevice, "The kernel has no FUSE. Try: modprobe fuse"),
            _ => throw new FuseMountException(FuseMountError.Failed, $"{path}: cannot be mounted: {LibC.Describe(mountErrno)}."),
        };
    }

    /// <summary>The options of the file system itself (mount(8), Documentation/filesystems/fuse.rst).</summary>
    private static string OptionText(int descriptor, FuseMountOptions options)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"fd={descriptor},rootmode=40000,user_id={LibC.EffectiveUserId()},group_id={LibC.EffectiveGroupId()}");
        if (options.AllowOther)
            text += ",allow_other";
        if (options.DefaultPermissions)
            text += ",default_permissions";
        return text;
    }
}
