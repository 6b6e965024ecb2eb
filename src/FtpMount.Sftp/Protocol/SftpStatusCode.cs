namespace FtpMount.Sftp.Protocol;

/// <summary>
/// The codes of SSH_FXP_STATUS (draft-ietf-secsh-filexfer-02 section 7), and those of later versions that servers send in version 3, too.
/// </summary>
internal enum SftpStatusCode
{
    Ok = 0,
    Eof = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    NoConnection = 6,
    ConnectionLost = 7,
    OpUnsupported = 8,

    // draft-ietf-secsh-filexfer-13 section 9.1
    InvalidHandle = 9,
    NoSuchPath = 10,
    FileAlreadyExists = 11,
    WriteProtect = 12,
    NoSpaceOnFileSystem = 14,
    QuotaExceeded = 15,
    LockConflict = 17,
    DirectoryNotEmpty = 18,
    NotADirectory = 19,
    InvalidFilename = 20,
    LinkLoop = 21,
    FileIsADirectory = 24,
}
