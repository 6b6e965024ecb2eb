using System.Text;
using BenchmarkDotNet.Attributes;
using FtpMount.Ftp.Control;

namespace FtpMount.Benchmarks.Ftp;

/// <summary>Replies per second on one core; each figure is for one reply.</summary>
public class ReplyBenchmarks
{
    private const int Replies = 400;
    private readonly FtpReplyReader _reader = new();
    private byte[] _short = [];
    private byte[] _multiline = [];

    /// <summary>Makes the replies to pipelined MDTM and to FEAT.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _short = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("213 20240229010203\r\n", Replies)));
        _multiline = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(
            "211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n MLST type*;size*;modify*;\r\n REST STREAM\r\n SIZE\r\n UTF8\r\n211 End\r\n", Replies)));
    }

    /// <summary>Replies of one line.</summary>
    [Benchmark(OperationsPerInvoke = Replies)]
    public int OneLine() => Read(_short);

    /// <summary>Replies of nine lines.</summary>
    [Benchmark(OperationsPerInvoke = Replies)]
    public int NineLines() => Read(_multiline);

    private int Read(byte[] bytes)
    {
        var sum = 0;
        for (var rest = bytes.AsSpan(); !rest.IsEmpty;)
        {
            var buffer = _reader.GetBuffer().Span;
            var length = Math.Min(rest.Length, buffer.Length);
            rest[..length].CopyTo(buffer);
            _reader.Advance(length);
            rest = rest[length..];
            while (_reader.TryRead(out var reply))
                sum += reply!.Code.Value;
        }

        return sum;
    }
}
