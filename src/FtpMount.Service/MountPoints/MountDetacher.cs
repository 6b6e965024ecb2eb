using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Mounting;
using FtpMount.Service.Posix;

namespace FtpMount.Service.MountPoints;

/// <summary>
/// Takes a mount out of the tree from outside, at once and whatever its process does (a lazy unmount): as root by umount2(2), otherwise through
/// fusermount3, which may do so for the user's own mounts.
/// </summary>
public static class MountDetacher
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>Detaches the mount.</summary>
    /// <param name="mountPoint">Its canonical path.</param>
    /// <param name="cancellationToken">Ends the waiting for fusermount3.</param>
    /// <exception cref="MountException">It is still there; says why and what to do.</exception>
    public static async Task DetachAsync(string mountPoint, CancellationToken cancellationToken)
    {
        if (PosixCalls.geteuid() == 0)
        {
            if (PosixCalls.umount2(mountPoint, PosixCalls.DetachMount | PosixCalls.NoFollow) != 0 && (Errno)Marshal.GetLastPInvokeError() != Errno.Invalid)
                throw new MountException($"{mountPoint} cannot be unmounted: {Marshal.GetLastPInvokeErrorMessage()}");
            return;
        }

        var start = new ProcessStartInfo("fusermount3") { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in new[] { "-u", "-z", "--", mountPoint })
            start.ArgumentList.Add(argument);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new MountException($"{mountPoint} cannot be unmounted: fusermount3 is not there; install the package fuse3", exception);
        }

        using (process)
        using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            deadline.CancelAfter(Deadline);
            try
            {
                var errors = await process.StandardError.ReadToEndAsync(deadline.Token);
                await process.WaitForExitAsync(deadline.Token);
                if (process.ExitCode != 0 && MountTable.Read().At(mountPoint) is not null)
                    throw new MountException($"{mountPoint} cannot be unmounted: {errors.Trim().ReplaceLineEndings("; ")}");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill();
                throw new MountException($"{mountPoint} cannot be unmounted: fusermount3 did not end within {Deadline.TotalSeconds:0} seconds");
            }
        }
    }
}
