using System;
using System.Collections.Generic;
using System.Linq;

namespace VoiceAvatar.Tests
{
    public static class ConnectionTests
    {
        private static readonly ResumeTicket Ticket =
            new ResumeTicket { SessionId = "s1", Token = "t1", TtlS = 60 };

        private static ConnectionMachine Live(ResumeTicket ticket)
        {
            ConnectionMachine machine = new ConnectionMachine(ReconnectOptions.Default);
            Check.Same(ConnectionAction.OpenSocket, machine.Open(0));
            Check.Same(ConnectionAction.SendHello, machine.SocketOpened(0.1));
            Check.Same(ConnectionAction.BeginSession, machine.Ready(ticket, 0.2));
            Check.That(machine.IsLive, "live");
            return machine;
        }

        [Test]
        public static void the_table_has_one_row_at_most_for_a_state_and_an_event()
        {
            int distinct = ConnectionTable.All.Select(row => Tuple.Create(row.From, row.On)).Distinct().Count();
            Check.Same(ConnectionTable.All.Count, distinct);
        }

        [Test]
        public static void every_state_is_reached_and_every_state_with_a_socket_knows_its_loss_and_leaving()
        {
            HashSet<ConnectionState> reached = new HashSet<ConnectionState>(
                ConnectionTable.All.Select(row => row.To));
            foreach (ConnectionState state in Enum.GetValues(typeof(ConnectionState)))
            {
                Check.That(reached.Contains(state), state + " is reached");
                bool hasSocket = state != ConnectionState.Closed && state != ConnectionState.Ended
                    && state != ConnectionState.Waiting && state != ConnectionState.WaitingToResume;
                Transition row;
                foreach (ConnectionEvent loss in new[]
                {
                    ConnectionEvent.LostResumable, ConnectionEvent.LostSession, ConnectionEvent.Refused,
                })
                {
                    Check.Same(hasSocket, ConnectionTable.Find(state, loss, out row), state + " " + loss);
                }
                bool canLeave = state != ConnectionState.Closed && state != ConnectionState.Ended;
                Check.Same(canLeave, ConnectionTable.Find(state, ConnectionEvent.CloseAsked, out row), "" + state);
            }
        }

        [Test]
        public static void tries_are_twice_as_far_apart_each_time_up_to_half_a_minute()
        {
            ConnectionMachine machine = new ConnectionMachine(ReconnectOptions.Default);
            machine.Open(0);
            double nowS = 0;
            List<double> waits = new List<double>();
            for (int i = 0; i < 9; i++)
            {
                Check.Same(ConnectionAction.Wait, machine.SocketClosed(CloseCodes.Lost, nowS));
                waits.Add(machine.DueS - nowS);
                Check.Same(ConnectionAction.None, machine.Tick(machine.DueS - 0.001));
                nowS = machine.DueS;
                Check.Same(ConnectionAction.OpenSocket, machine.Tick(nowS));
            }
            Check.Same(new[] { 0.5, 1, 2, 4, 8, 16, 30, 30, 30 }, waits.ToArray());
        }

        [Test]
        public static void a_session_that_was_reached_starts_the_waits_anew()
        {
            ConnectionMachine machine = Live(default(ResumeTicket));
            machine.SocketClosed(1012, 10);
            machine.Tick(10.5);
            machine.SocketOpened(10.6);
            machine.Ready(default(ResumeTicket), 10.7);
            machine.SocketClosed(1012, 20);
            Check.Near(20.5, machine.DueS, 1e-9);
        }

        [Test]
        public static void after_codes_that_would_come_again_it_stays_closed_until_it_is_asked()
        {
            foreach (int code in new[] { 1000, 1003, 1008, 4000, 4001, 4002, 4003, 4004, 4008, 4009, 4429 })
            {
                ConnectionMachine machine = Live(Ticket);
                Check.Same(ConnectionAction.None, machine.SocketClosed(code, 1));
                Check.Same(ConnectionState.Ended, machine.State, "" + code);
                Check.Same(ConnectionAction.None, machine.Tick(1e6));
                Check.Same(code, machine.CloseCode);
                Check.Same(ConnectionAction.OpenSocket, machine.Open(1e6));
            }
        }

        [Test]
        public static void after_codes_that_pass_it_tries_a_new_session()
        {
            foreach (int code in new[] { 1001, 1012, 1013, 4010, 4503, 4999 })
            {
                ConnectionMachine machine = Live(Ticket);
                Check.Same(ConnectionAction.Wait, machine.SocketClosed(code, 1), "" + code);
                Check.Same(ConnectionState.Waiting, machine.State, "" + code);
                Check.That(machine.Ticket.Token == null, "the ticket is gone");
            }
        }

        [Test]
        public static void a_line_that_is_cut_is_taken_up_again_with_the_ticket()
        {
            ConnectionMachine machine = Live(Ticket);
            Check.Same(ConnectionAction.Wait, machine.SocketClosed(CloseCodes.Lost, 5));
            Check.Same(ConnectionState.WaitingToResume, machine.State);
            Check.Same(ConnectionAction.OpenSocket, machine.Tick(5), "without a wait");
            Check.Same(ConnectionAction.Wait, machine.SocketClosed(CloseCodes.Lost, 5));
            Check.Same(ConnectionAction.None, machine.Tick(5.4));
            Check.Same(ConnectionAction.OpenSocket, machine.Tick(5.5));
            Check.Same(ConnectionAction.SendResume, machine.SocketOpened(5.6));
            ResumeTicket next = new ResumeTicket { SessionId = "s1", Token = "t2", TtlS = 60 };
            Check.Same(ConnectionAction.GoOn, machine.Resumed(next, 5.7));
            Check.That(machine.IsLive && machine.Ticket.Token == "t2", "live, with the next ticket");
            Check.Same(double.PositiveInfinity, machine.DueS);
        }

        [Test]
        public static void a_server_that_has_forgotten_the_session_gives_a_new_one()
        {
            ConnectionMachine machine = Live(Ticket);
            machine.SocketClosed(CloseCodes.Lost, 5);
            machine.Tick(5.5);
            machine.SocketOpened(5.6);
            Check.Same(ConnectionAction.BeginSession, machine.Ready(Ticket, 5.7));
            Check.That(machine.IsLive, "live");
        }

        [Test]
        public static void a_ticket_that_has_run_out_is_not_shown_again()
        {
            ConnectionMachine machine = Live(Ticket);
            machine.SocketClosed(CloseCodes.Lost, 5);
            for (double nowS = 5; nowS < 70; nowS += 0.25)
            {
                if (machine.Tick(nowS) == ConnectionAction.OpenSocket)
                {
                    machine.SocketClosed(CloseCodes.Lost, nowS);
                }
            }
            Check.Same(ConnectionState.Waiting, machine.State);
            machine.Tick(200);
            Check.Same(ConnectionState.Connecting, machine.State);
            Check.Same(ConnectionAction.SendHello, machine.SocketOpened(201));
        }

        [Test]
        public static void a_server_that_says_goodbye_is_asked_again_when_it_said()
        {
            ConnectionMachine machine = Live(Ticket);
            machine.GoAway(3, 10);
            Check.Same(ConnectionState.Draining, machine.State);
            Check.That(machine.IsLive, "what plays goes on");
            machine.SocketClosed(1001, 12);
            Check.Near(15, machine.DueS, 1e-9);
        }

        [Test]
        public static void a_hello_that_is_not_answered_is_given_up()
        {
            ConnectionMachine machine = new ConnectionMachine(ReconnectOptions.Default);
            machine.Open(0);
            machine.SocketOpened(1);
            Check.Same(ConnectionAction.None, machine.Tick(10.9));
            Check.Same(ConnectionAction.DropSocket, machine.Tick(11));
            Check.Near(11.5, machine.DueS, 1e-9);
            Check.Same(ConnectionAction.None, machine.SocketClosed(CloseCodes.Lost, 11.1), "its own close");
            Check.Same(ConnectionAction.OpenSocket, machine.Tick(11.5));
        }

        [Test]
        public static void leaving_works_from_everywhere_and_ends_all_timers()
        {
            ConnectionMachine machine = Live(Ticket);
            Check.Same(ConnectionAction.Leave, machine.Close(1));
            Check.Same(ConnectionState.Closed, machine.State);
            ConnectionMachine waiting = Live(Ticket);
            waiting.SocketClosed(CloseCodes.Lost, 1);
            Check.Same(ConnectionAction.None, waiting.Close(1.1));
            Check.Same(ConnectionAction.None, waiting.Tick(1e6));
            Check.Same(ConnectionState.Closed, waiting.State);
        }

        [Test]
        public static void random_events_never_leave_it_without_a_way_on()
        {
            Random random = new Random(5);
            int[] codes = { 1000, 1001, 1006, 1011, 1012, 4001, 4009, 4010, 4408, 4503 };
            for (int run = 0; run < 500; run++)
            {
                ConnectionMachine machine = new ConnectionMachine(ReconnectOptions.Default);
                double nowS = 0;
                for (int step = 0; step < 60; step++)
                {
                    nowS += random.NextDouble() * 4;
                    switch (random.Next(8))
                    {
                        case 0: machine.Open(nowS); break;
                        case 1: machine.SocketOpened(nowS); break;
                        case 2: machine.SocketClosed(codes[random.Next(codes.Length)], nowS); break;
                        case 3: machine.Ready(random.Next(2) == 0 ? Ticket : default(ResumeTicket), nowS); break;
                        case 4: machine.Resumed(Ticket, nowS); break;
                        case 5: machine.GoAway(random.NextDouble() * 5, nowS); break;
                        case 6: machine.Tick(nowS); break;
                        default:
                            if (random.Next(4) == 0)
                            {
                                machine.Close(nowS);
                            }
                            break;
                    }
                    bool waits = machine.State == ConnectionState.Waiting
                        || machine.State == ConnectionState.WaitingToResume
                        || machine.State == ConnectionState.Greeting
                        || machine.State == ConnectionState.Resuming;
                    if (waits && double.IsInfinity(machine.DueS))
                    {
                        throw new CheckException(machine.State + " would wait for ever");
                    }
                }
                Check.That(machine.State >= ConnectionState.Closed, "run " + run);
            }
        }
    }
}
