namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>The SFTP servers that are mounted, each with what carries the bytes.</summary>
public enum SftpPlace
{
    /// <summary>OpenSSH by the system's ssh (<c>transport=ssh</c>).</summary>
    SftpOpenSshBySsh,

    /// <summary>OpenSSH by SSH connections of the program itself (<c>transport=builtin</c>).</summary>
    SftpOpenSshBuiltIn,

    /// <summary>ProFTPD's mod_sftp (<c>transport=builtin</c>).</summary>
    SftpProFtpdBuiltIn,
}
