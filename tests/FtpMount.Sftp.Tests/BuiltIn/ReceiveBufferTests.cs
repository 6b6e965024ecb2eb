using CsCheck;
using FtpMount.Sftp.Transport.BuiltIn;

namespace FtpMount.Sftp.Tests.BuiltIn;

public sealed class ReceiveBufferTests
{
    [Fact]
    public void What_is_appended_is_taken_in_order() =>
        Gen.Select(Gen.Bool, Gen.Int[0, 700_000]).Array[0, 30].Sample(steps =>
        {
            var buffer = new ReceiveBuffer();
            long appended = 0, taken = 0;
            foreach (var (append, length) in steps)
            {
                var bytes = new byte[length];
                if (append)
                {
                    for (var i = 0; i < length; i++)
                        bytes[i] = (byte)((appended + i) * 31);
                    buffer.Append(bytes);
                    appended += length;
                }
                else
                {
                    var count = buffer.Take(bytes);
                    Assert.Equal(Math.Min(length, appended - taken), count);
                    for (var i = 0; i < count; i++)
                        Assert.Equal((byte)((taken + i) * 31), bytes[i]);
                    taken += count;
                }

                Assert.Equal(appended - taken, buffer.Length);
            }

            buffer.Clear();
            Assert.Equal(0, buffer.Take(new byte[10]));
        }, iter: 200);
}
