using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Whether what a process wrote to local files is still all there. The kernel keeps it when a process dies, so that nothing need be checked when the journal is the same file
/// and the machine was not started again; otherwise (power failure, a copy, a restored backup) only what was forced to disk can be believed, and only after a check.
/// </summary>
/// <param name="Boot">Which start of the machine; empty when that is not known.</param>
/// <param name="Identity">Which file on it the journal is; empty when that is not known.</param>
internal readonly record struct MachineEpoch(string Boot, string Identity)
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>The epoch that a journal has now.</summary>
    public static MachineEpoch Of(string journalPath)
    {
        var boot = "";
        try
        {
            if (File.Exists(BootIdFile))
                boot = File.ReadAllText(BootIdFile).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not known: everything is checked.
        }

        return new MachineEpoch(boot, LocalDisk.IdentityOf(journalPath) ?? "");
    }

    /// <summary>Whether everything that was written in that epoch is there in this one.</summary>
    public bool Continues(MachineEpoch earlier) => Boot.Length > 0 && Identity.Length > 0 && this == earlier;
}
