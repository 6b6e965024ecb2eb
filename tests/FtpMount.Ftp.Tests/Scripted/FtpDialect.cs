using System.Globalization;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>How a server that is not at hand speaks, from its manuals and from transcripts of its users.</summary>
internal sealed record FtpDialect
{
    public required string Name { get; init; }

    public required string Greeting { get; init; }

    public required string System { get; init; }

    /// <summary>The whole reply to FEAT.</summary>
    public required string Features { get; init; }

    public bool HasMlsd { get; init; }

    public bool HasSize { get; init; } = true;

    public bool HasMdtm { get; init; } = true;

    public bool HasEpsv { get; init; } = true;

    /// <summary>RNTO onto a file that exists.</summary>
    public bool Replaces { get; init; } = true;

    /// <summary>What PWD says of a path.</summary>
    public Func<string, string> Pwd { get; init; } = path => $"257 \"{path}\" is current directory.\r\n";

    /// <summary>The folder that a session begins in.</summary>
    public string Home { get; init; } = "/";

    public required string Missing { get; init; }

    public required string NotADirectory { get; init; }

    public string Exists { get; init; } = "550 File exists.\r\n";

    /// <summary>Headlines of LIST.</summary>
    public Func<string, string> Head { get; init; } = _ => "";

    /// <summary>A line of LIST: name, size or null for a directory, time on the server's wall clock.</summary>
    public required Func<string, long?, DateTime, string> Line { get; init; }

    public Func<int, string> Foot { get; init; } = _ => "";

    public string Opening { get; init; } = "150 Opening data connection.\r\n";

    public string Done { get; init; } = "226 Transfer complete.\r\n";

    /// <summary>How far the server's wall clock is ahead of UTC.</summary>
    public TimeSpan Offset { get; init; }

    /// <summary>What the server makes of an argument: the verb, the argument, the working directory, and all that is there.</summary>
    public Func<string, string, string, IEnumerable<string>, string>? Takes { get; init; }

    public override string ToString() => Name;

    /// <summary>IIS 7 and later: DOS listings, times of LIST in local time, no replacing rename.</summary>
    public static FtpDialect Iis { get; } = new()
    {
        Name = "IIS",
        Greeting = "220 Microsoft FTP Service\r\n",
        System = "215 Windows_NT\r\n",
        Features = "211-Extended features supported:\r\n LANG EN*\r\n UTF8\r\n AUTH TLS;TLS-C;SSL;TLS-P;\r\n PBSZ\r\n PROT C;P;\r\n CCC\r\n HOST\r\n SIZE\r\n MDTM\r\n REST STREAM\r\n211 END\r\n",
        Replaces = false,
        Missing = "550 The system cannot find the file specified. \r\n",
        NotADirectory = "550 The directory name is invalid. \r\n",
        Exists = "550 Cannot create a file when that file already exists. \r\n",
        Offset = TimeSpan.FromHours(-8),
        Opening = "125 Data connection already open; Transfer starting.\r\n",
        Line = (name, size, time) => string.Create(
            CultureInfo.InvariantCulture, $"{time:MM-dd-yy  hh:mmtt} {(size is null ? "      <DIR>         " : size.Value.ToString(CultureInfo.InvariantCulture).PadLeft(20))} {name}\r\n"),
    };

    /// <summary>Serv-U: MLSD, and 501 or 550 with its own words.</summary>
    public static FtpDialect ServU { get; } = new()
    {
        Name = "Serv-U",
        Greeting = "220 Serv-U FTP Server v15.1 ready...\r\n",
        System = "215 UNIX Type: L8\r\n",
        Features = "211-The following FTP features are supported:\r\n SIZE\r\n MDTM\r\n REST STREAM\r\n XCRC filename;start;end\r\n MLST Type*;Size*;Modify*;Perm*;\r\n UTF8\r\n211 End\r\n",
        HasMlsd = true,
        Missing = "550 /path: No such file or directory.\r\n",
        NotADirectory = "550 /path: Not a directory.\r\n",
        Line = (name, size, time) => $"type={(size is null ? "dir" : "file")};size={size ?? 0};modify={time:yyyyMMddHHmmss};perm={(size is null ? "flcdmpe" : "adfrw")}; {name}\r\n",
    };

    /// <summary>FileZilla Server 1.x: MLSD, several final words.</summary>
    public static FtpDialect FileZilla { get; } = new()
    {
        Name = "FileZilla Server",
        Greeting = "220-FileZilla Server 1.8.1\r\n220 Please visit https://filezilla-project.org/\r\n",
        System = "215 UNIX emulated by FileZilla.\r\n",
        Features = "211-Features:\r\n MDTM\r\n REST STREAM\r\n SIZE\r\n MLST type*;size*;modify*;perm*;\r\n MLSD\r\n AUTH SSL\r\n AUTH TLS\r\n PROT\r\n PBSZ\r\n UTF8\r\n TVFS\r\n EPSV\r\n EPRT\r\n MFMT\r\n211 End\r\n",
        HasMlsd = true,
        Missing = "550 Couldn't open the file or directory\r\n",
        NotADirectory = "550 Couldn't open the file or directory\r\n",
        Opening = "150 About to start data transfer.\r\n",
        Done = "226 Operation successful\r\n",
        Line = (name, size, time) => $"type={(size is null ? "dir" : "file")};{(size is null ? "" : $"size={size};")}modify={time:yyyyMMddHHmmss}.123;perm={(size is null ? "cplem" : "awr")}; {name}\r\n",
    };

    /// <summary>TCP/IP Services for OpenVMS: versions, blocks, long names over two lines, no FEAT.</summary>
    public static FtpDialect Vms { get; } = new()
    {
        Name = "OpenVMS",
        Greeting = "220 node.example FTP Server (Version 5.7) Ready.\r\n",
        System = "215 VMS system type\r\n",
        Features = "502 Command not implemented.\r\n",
        HasEpsv = false,
        Home = "/DISK$USER/SMITH",
        Pwd = path => path.Split('/', StringSplitOptions.RemoveEmptyEntries) is [var device, .. var rest]
            ? $"257 \"{device}:[{(rest.Length == 0 ? "000000" : string.Join('.', rest))}]\" is the current directory.\r\n"
            : "257 \"DISK$USER:[000000]\" is the current directory.\r\n",
        Missing = "550 %RMS-E-FNF, file not found\r\n",
        NotADirectory = "550 %RMS-E-DNF, directory not found\r\n",
        Head = path => $"\r\nDirectory {path}\r\n\r\n".Replace(path, "DISK$USER:[SMITH]", StringComparison.Ordinal),
        Line = (name, size, time) =>
        {
            var shown = (size is null ? name + ".DIR" : name) + ";2";
            var blocks = ((size ?? 512) + 511) / 512;
            var rest = string.Create(CultureInfo.InvariantCulture, $"{blocks,8}/{blocks + 3,-8} {time.ToString("d-MMM-yyyy HH:mm:ss", CultureInfo.InvariantCulture).ToUpperInvariant(),20}  [STAFF,SMITH]    (RWED,RWED,RE,)\r\n");
            return (shown.Length > 20 ? shown + "\r\n" + new string(' ', 20) : shown.PadRight(20)) + rest
                + (size is null ? "" : $"{name};1".PadRight(20) + rest);
        },
        Foot = count => $"\r\nTotal of {count} files, 12/34 blocks\r\n",
    };

    /// <summary>z/OS Communications Server: the login folder is a prefix of datasets, / is the UNIX file system; 250 ends transfers.</summary>
    public static FtpDialect Zos { get; } = new()
    {
        Name = "z/OS",
        Greeting = "220-FTPD1 IBM FTP CS V2R4 at SYS1.EXAMPLE, 12:00:00 on 2024-05-06.\r\n220 Connection will close if idle for more than 5 minutes.\r\n",
        System = "215 MVS is the operating system of this server. FTP Server is running on z/OS.\r\n",
        Features = "211- Extensions supported\r\n SIZE\r\n MDTM\r\n REST STREAM\r\n UTF8\r\n211 End\r\n",
        Pwd = path => path == "/" ? "257 \"'IBMUSER.'\" is working directory.\r\n" : $"257 \"{path}\" is the HFS working directory.\r\n",
        Missing = "550 EDC5129I No such file or directory.\r\n",
        NotADirectory = "550 EDC5135I Not a directory.\r\n",
        Opening = "125 List started OK\r\n",
        Done = "250 Transfer completed successfully.\r\n",
        Line = (name, size, time) => string.Create(
            CultureInfo.InvariantCulture, $"{(size is null ? 'd' : '-')}rwxr-xr-x   1 IBMUSER  OMVSGRP  {size ?? 8192,10} {time:MMM dd}  {time:yyyy} {name}\r\n"),
        Head = _ => "total 16\r\n",
    };

    /// <summary>An old Unix server: LIST only, no promise of RFC 3659.</summary>
    public static FtpDialect OldUnix { get; } = new()
    {
        Name = "old Unix",
        Greeting = "220 FTP server (Version 5.60) ready.\r\n",
        System = "215 UNIX Type: L8\r\n",
        Features = "500 'FEAT': command not understood.\r\n",
        Missing = "550 No such file or directory.\r\n",
        NotADirectory = "550 Not a directory.\r\n",
        Line = (name, size, time) => string.Create(
            CultureInfo.InvariantCulture, $"{(size is null ? 'd' : '-')}rwxr-xr-x   1 anna     users     {size ?? 4096,10} {time:MMM dd}  {time:yyyy} {name}\r\n"),
    };
}
