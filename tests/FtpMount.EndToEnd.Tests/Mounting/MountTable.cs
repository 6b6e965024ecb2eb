namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>The kernel's list of mounts. Reading it never touches a mount, so it cannot hang.</summary>
public static class MountTable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>The file-system type on a mount point (<c>fuse.ftpmount</c>); null when nothing is mounted there.</summary>
    public static string? TypeAt(string mountPoint)
    {
        foreach (string line in File.ReadLines("/proc/self/mountinfo")) // proc_pid_mountinfo(5)
        {
            string[] fields = line.Split(' ');
            if (fields[4] == mountPoint)
                return fields[Array.IndexOf(fields, "-") + 1];
        }
        return null;
    }

    /// <summary>Waits until something, or nothing, is mounted there.</summary>
    /// <returns>False when that did not come true in time, or <paramref name="giveUp"/> said so.</returns>
    public static async Task<bool> WaitAsync(string mountPoint, bool mounted, TimeSpan limit, Func<bool>? giveUp = null)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (TypeAt(mountPoint) is not null != mounted)
        {
            if (Environment.TickCount64 > end || giveUp?.Invoke() == true)
                return false;
            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
        return true;
    }
}
