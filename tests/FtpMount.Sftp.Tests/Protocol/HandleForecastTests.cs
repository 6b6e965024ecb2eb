using System.Buffers.Binary;
using CsCheck;
using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Tests.Protocol;

/// <summary>The forecast of handles beside a table that numbers them as OpenSSH's server does.</summary>
public sealed class HandleForecastTests
{
    private static byte[] Bytes(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    /// <summary>Whatever is opened and closed in between, and however late the answers come, each handle is known when its request goes out.</summary>
    [Fact]
    public void Every_handle_is_foretold_while_nothing_is_refused()
    {
        Gen.Int[0, 99].Array[1, 200].Sample(steps =>
        {
            var forecast = new HandleForecast();
            var server = new OpenSshHandles();
            var open = new List<uint>();
            var unanswered = new Queue<((uint?, long) Foretold, uint Handle)>();
            foreach (var step in steps)
            {
                if (step < 50)
                {
                    var foretold = forecast.Opening();
                    var handle = server.Open();
                    Assert.Equal(handle, foretold.Handle);
                    unanswered.Enqueue((foretold, handle));
                }
                else if (step < 75 && unanswered.TryDequeue(out var answer))
                {
                    forecast.Answered(answer.Foretold, Bytes(answer.Handle));
                    open.Add(answer.Handle);
                }
                else if (open.Count > 0)
                {
                    var closed = open[step % open.Count];
                    open.Remove(closed);
                    forecast.Closing(Bytes(closed));
                    server.Close(closed);
                }
            }
        });
    }

    /// <summary>A wrong guess shows by the answer; when all is answered, what is closed next is foretold again.</summary>
    [Fact]
    public void After_refusals_it_finds_its_way_again()
    {
        Gen.Int[0, 99].Array[1, 200].Sample(steps =>
        {
            var forecast = new HandleForecast();
            var server = new OpenSshHandles();
            var open = new List<uint>();
            var unanswered = new Queue<((uint?, long) Foretold, uint? Handle)>();
            var refusals = 0;
            foreach (var step in steps)
            {
                if (step < 50)
                {
                    // Few: a server that is refused by more surprises is not guessed for any more.
                    var isRefused = step < 5 && refusals++ < 3;
                    unanswered.Enqueue((forecast.Opening(), isRefused ? null : server.Open()));
                }
                else if (step < 75)
                {
                    Answer();
                }
                else if (open.Count > 0)
                {
                    Close(open[step % open.Count]);
                }
            }

            while (unanswered.Count > 0)
                Answer();
            Close(Open());
            var last = forecast.Opening();
            Assert.True(last.Handle is null || last.Handle == server.Open());

            void Answer()
            {
                if (!unanswered.TryDequeue(out var answer))
                    return;
                forecast.Answered(answer.Foretold, answer.Handle is { } handle ? Bytes(handle) : []);
                if (answer.Handle is { } opened)
                    open.Add(opened);
            }

            uint Open()
            {
                var foretold = forecast.Opening();
                var handle = server.Open();
                forecast.Answered(foretold, Bytes(handle));
                return handle;
            }

            void Close(uint handle)
            {
                open.Remove(handle);
                forecast.Closing(Bytes(handle));
                server.Close(handle);
            }
        });
    }

    [Fact]
    public void One_refusal_alone_costs_nothing()
    {
        var forecast = new HandleForecast();
        forecast.Answered(forecast.Opening(), Bytes(0));
        forecast.Answered(forecast.Opening(), []);
        Assert.Equal(1u, forecast.Opening().Handle);
    }

    [Fact]
    public void Handles_that_are_no_numbers_are_not_foretold()
    {
        var forecast = new HandleForecast();
        forecast.Answered(forecast.Opening(), "a1b2c3d4"u8);
        Assert.Null(forecast.Opening().Handle);
        forecast.Closing("a1b2c3d4"u8);
        Assert.Null(forecast.Opening().Handle);
    }

    [Fact]
    public void A_server_that_keeps_surprising_is_not_guessed_for_any_more()
    {
        var forecast = new HandleForecast();
        var random = new Random(1);
        var guesses = 0;
        for (var i = 0; i < 100; i++)
        {
            var foretold = forecast.Opening();
            guesses += foretold.Handle is null ? 0 : 1;
            var handle = Bytes((uint)random.Next(1000, int.MaxValue));
            forecast.Answered(foretold, handle);
            forecast.Closing(handle);
        }

        Assert.InRange(guesses, 1, 10);
    }

    /// <summary>sftp-server.c: handle_new and handle_close.</summary>
    private sealed class OpenSshHandles
    {
        private readonly Stack<uint> _unused = new();
        private uint _count;

        public uint Open() => _unused.TryPop(out var unused) ? unused : _count++;

        public void Close(uint handle) => _unused.Push(handle);
    }
}
