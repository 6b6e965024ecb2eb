using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("FtpMount.Vfs.Tests")]
