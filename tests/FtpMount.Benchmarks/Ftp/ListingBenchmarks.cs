using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using FtpMount.Ftp.Listing;
using FtpMount.Remote;

namespace FtpMount.Benchmarks.Ftp;

/// <summary>Lines of MLSD and LIST per second on one core; each figure is for one line.</summary>
public class ListingBenchmarks
{
    private const int Lines = 1000;

    private readonly byte[][] _mlsd = new byte[Lines][];
    private readonly byte[][] _unix = new byte[Lines][];
    private readonly byte[][] _dos = new byte[Lines][];
    private readonly ListLineParser _parser = new(NameCodec.Utf8, TimeProvider.System, TimeSpan.Zero);

    /// <summary>Makes lines as ProFTPD, vsftpd and IIS give them.</summary>
    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < Lines; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"IMG_{i:D8} – copy.jpeg");
            _mlsd[i] = Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"modify=20240229{i % 24:D2}0102;perm=adfrw;size={i * 7919};type=file;unique=FE01U{i:X};UNIX.group=100;UNIX.mode=0644;UNIX.owner=1000; {name}"));
            _unix[i] = Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"-rw-r--r--    1 1000     100      {i * 7919,8} Feb 29 {i % 24:D2}:01 {name}"));
            _dos[i] = Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"02-29-24  {(i % 12) + 1:D2}:01PM {i * 7919,20} {name}"));
        }
    }

    /// <summary>MLSD.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public int Mlsd()
    {
        var count = 0;
        foreach (var line in _mlsd)
            count += MlsxEntryParser.TryParse(line, NameCodec.Utf8, out _) ? 1 : 0;
        return count;
    }

    /// <summary>LIST of a Unix server.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public int ListUnix() => ParseAll(_unix);

    /// <summary>LIST of a Windows server.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public int ListDos() => ParseAll(_dos);

    private int ParseAll(byte[][] lines)
    {
        var count = 0;
        foreach (var line in lines)
            count += _parser.TryParse(line, out _) ? 1 : 0;
        return count;
    }
}
