namespace FtpMount.Ftp.Listing;

/// <summary>The facts that are understood (RFC 3659 section 7.5 and the UNIX facts in common use).</summary>
internal enum MlsxFact
{
    Unknown,
    Type,
    Size,
    DirectorySize,
    Modify,
    Create,
    Permissions,
    Unique,
    Mode,
    Owner,
    OwnerName,
    UserId,
    Group,
    GroupName,
    GroupId,
}
