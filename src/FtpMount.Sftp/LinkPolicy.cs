namespace FtpMount.Sftp;

/// <summary>What is done about the targets of symbolic links on the server, which the kernel here would follow.</summary>
public enum LinkPolicy
{
    /// <summary>
    /// A target that stays inside the folder that is shown is shown as a path that stays inside the mount; one that leads out of it cannot be read
    /// (EPERM), so that a server cannot make a program here open a file of this machine.
    /// </summary>
    Contain,

    /// <summary>Targets are shown as they are.</summary>
    AsIs,
}
