namespace FtpMount.Ftp.Listing;

/// <summary>What a format makes of one line of LIST.</summary>
internal enum ListLineMeaning
{
    /// <summary>The line is not of this format.</summary>
    Foreign,

    /// <summary>The line is an entry.</summary>
    Entry,

    /// <summary>The line is of this format and no entry: a headline, a sum, an older version of a file, the first half of an entry.</summary>
    Nothing,
}
