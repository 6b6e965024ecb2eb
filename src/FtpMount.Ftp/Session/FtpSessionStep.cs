namespace FtpMount.Ftp.Session;

/// <summary>What a new session has reached, in this order.</summary>
internal enum FtpSessionStep
{
    /// <summary>The host's addresses are known.</summary>
    NameResolved,

    /// <summary>The TCP connection is made.</summary>
    Connected,

    /// <summary>The server has greeted.</summary>
    Greeted,

    /// <summary>The control connection is encrypted.</summary>
    Secured,

    /// <summary>The login was accepted.</summary>
    LoggedIn,

    /// <summary>The features are known and the settings made: commands may follow.</summary>
    Ready,
}
