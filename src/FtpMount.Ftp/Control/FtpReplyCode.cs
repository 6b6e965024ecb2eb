namespace FtpMount.Ftp.Control;

/// <summary>A reply code (RFC 959 section 4.2). Its first digit says what became of the command; the rest is detail that servers disagree about.</summary>
/// <param name="Value">100..599.</param>
internal readonly record struct FtpReplyCode(int Value)
{
    /// <summary>The data connection is already open; the transfer starts.</summary>
    public static readonly FtpReplyCode DataConnectionAlreadyOpen = new(125);

    /// <summary>File status okay; about to open the data connection.</summary>
    public static readonly FtpReplyCode FileStatusOkay = new(150);

    /// <summary>Command not implemented, superfluous at this site.</summary>
    public static readonly FtpReplyCode Superfluous = new(202);

    /// <summary>System status: the answer to FEAT (RFC 2389 section 3.2) and to STAT without argument.</summary>
    public static readonly FtpReplyCode SystemStatus = new(211);

    /// <summary>Service ready for new user.</summary>
    public static readonly FtpReplyCode ServiceReady = new(220);

    /// <summary>Closing the data connection; the file action succeeded.</summary>
    public static readonly FtpReplyCode ClosingDataConnection = new(226);

    /// <summary>File status: the answer to SIZE and MDTM (RFC 3659 section 3.1).</summary>
    public static readonly FtpReplyCode FileStatus = new(213);

    /// <summary>User logged in.</summary>
    public static readonly FtpReplyCode LoggedIn = new(230);

    /// <summary>User name okay, need password.</summary>
    public static readonly FtpReplyCode NeedPassword = new(331);

    /// <summary>Need account for login.</summary>
    public static readonly FtpReplyCode NeedAccount = new(332);

    /// <summary>Service not available, closing the control connection.</summary>
    public static readonly FtpReplyCode ServiceNotAvailable = new(421);

    /// <summary>Cannot open the data connection.</summary>
    public static readonly FtpReplyCode CannotOpenDataConnection = new(425);

    /// <summary>Connection closed; transfer aborted.</summary>
    public static readonly FtpReplyCode TransferAborted = new(426);

    /// <summary>File unavailable (busy), or, from some servers, missing or an empty folder.</summary>
    public static readonly FtpReplyCode FileBusy = new(450);

    /// <summary>Local error in processing.</summary>
    public static readonly FtpReplyCode LocalError = new(451);

    /// <summary>Insufficient storage space.</summary>
    public static readonly FtpReplyCode InsufficientStorage = new(452);

    /// <summary>Syntax error, command unrecognised.</summary>
    public static readonly FtpReplyCode Unrecognised = new(500);

    /// <summary>Syntax error in parameters.</summary>
    public static readonly FtpReplyCode BadParameters = new(501);

    /// <summary>Command not implemented.</summary>
    public static readonly FtpReplyCode NotImplemented = new(502);

    /// <summary>Bad sequence of commands.</summary>
    public static readonly FtpReplyCode BadSequence = new(503);

    /// <summary>Command not implemented for that parameter.</summary>
    public static readonly FtpReplyCode NotImplementedForParameter = new(504);

    /// <summary>The directory exists already (RFC 959 appendix II).</summary>
    public static readonly FtpReplyCode DirectoryExists = new(521);

    /// <summary>Not logged in.</summary>
    public static readonly FtpReplyCode NotLoggedIn = new(530);

    /// <summary>Need account for storing files.</summary>
    public static readonly FtpReplyCode NeedAccountForStoring = new(532);

    /// <summary>File unavailable: missing, denied, not empty, of the wrong kind...</summary>
    public static readonly FtpReplyCode FileUnavailable = new(550);

    /// <summary>Exceeded storage allocation.</summary>
    public static readonly FtpReplyCode ExceededAllocation = new(552);

    /// <summary>File name not allowed.</summary>
    public static readonly FtpReplyCode NameNotAllowed = new(553);

    /// <summary>REST or RANG does not fit the file (RFC 3659 section 5 leaves it open; in use everywhere).</summary>
    public static readonly FtpReplyCode InvalidRestart = new(554);

    /// <summary>1yz: another reply follows.</summary>
    public bool IsPreliminary => Value is >= 100 and < 200;

    /// <summary>2yz: done.</summary>
    public bool IsCompletion => Value is >= 200 and < 300;

    /// <summary>3yz: go on with the next command of the sequence.</summary>
    public bool IsIntermediate => Value is >= 300 and < 400;

    /// <summary>4yz or 5yz: refused or failed.</summary>
    public bool IsNegative => Value >= 400;

    /// <summary>4yz: it may be done the next time.</summary>
    public bool IsTransientNegative => Value is >= 400 and < 500;

    /// <summary>5yz: it will be refused the next time, too.</summary>
    public bool IsPermanentNegative => Value >= 500;

    /// <summary>The server does not know this command at all, whatever the path.</summary>
    public bool IsUnknownCommand => Value is 500 or 502 or 504 or 202;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
