namespace FtpMount.Sftp;

/// <summary>What carries the bytes of SFTP.</summary>
public enum SftpTransportKind
{
    /// <summary><see cref="Ssh"/> when it is installed and no password was given, otherwise <see cref="Builtin"/>.</summary>
    Auto,

    /// <summary>An SSH connection of this process.</summary>
    Builtin,

    /// <summary>The system's <c>ssh</c> program with all that its configuration says.</summary>
    Ssh,
}
