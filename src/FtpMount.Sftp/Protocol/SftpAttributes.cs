namespace FtpMount.Sftp.Protocol;

/// <summary>ATTRS of version 3 (draft-ietf-secsh-filexfer-02 section 5). What is null is absent.</summary>
internal readonly record struct SftpAttributes
{
    public const uint HasSize = 0x1;
    public const uint HasOwner = 0x2;
    public const uint HasPermissions = 0x4;
    public const uint HasTimes = 0x8;
    public const uint HasExtended = 0x8000_0000;

    /// <summary>Length in bytes.</summary>
    public ulong? Size { get; init; }

    /// <summary>Owner and group; always both.</summary>
    public (uint User, uint Group)? Owner { get; init; }

    /// <summary>st_mode: permission bits and, from a server, the type of file.</summary>
    public uint? Permissions { get; init; }

    /// <summary>Access and modification time in seconds since 1970, unsigned 32 bits (until 2106); always both.</summary>
    public (uint Accessed, uint Modified)? Times { get; init; }
}
